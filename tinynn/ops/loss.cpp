#include <cmath>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/kernels/softmax.hpp>
#include <tinynn/ops/loss.hpp>

namespace tinynn {

Tensor cross_entropy(const Tensor& logits, const Labels& labels) {
  static const autograd::Op op{"cross_entropy"};
  check(logits.rank() == 2, "cross_entropy: logits ", logits.shape(), " are not (n, classes)");
  const int64_t n = logits.size(0), classes = logits.size(1);
  check(labels.size() == n, "cross_entropy: ", labels.size(), " labels for logits ", logits.shape());
  check(n > 0, "cross_entropy: the batch is empty, so its mean is undefined");
  for (int64_t i = 0; i < n; ++i) {
    check(labels[i] >= 0 && labels[i] < classes, "cross_entropy: label ", labels[i], " of sample ", i,
          " is outside the ", classes, " classes");
  }
  Tensor log_probabilities(logits.shape());
  kernels::log_softmax_forward(n, classes, logits.data(), log_probabilities.mutable_data());
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    sum -= static_cast<double>(log_probabilities.data()[i * classes + labels[i]]);
  }
  const Tensor loss = full({}, sum / static_cast<double>(n));

  // grad_logits = (softmax(logits) - one_hot(labels)) / n
  return autograd::record(op, loss, {logits}, [=](const Tensor& grad_loss) {
    const float scale = grad_loss.item() / static_cast<float>(n);
    Tensor grad(logits.shape());
    float* g = grad.mutable_data();
    for (int64_t i = 0; i < grad.numel(); ++i) g[i] = std::exp(log_probabilities.data()[i]) * scale;
    for (int64_t i = 0; i < n; ++i) g[i * classes + labels[i]] -= scale;
    autograd::accumulate_grad(logits, std::move(grad));
  });
}

}  // namespace tinynn
