#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/optim/sgd.hpp>

namespace tinynn::optim {

SGD::SGD(std::vector<Parameter> parameters, const SGDOptions& options)
    : Optimizer(std::move(parameters), options.momentum > 0 ? 1 : 0, options.lr, options.l1),
      options_(options) {
  check(options.momentum >= 0 && options.weight_decay >= 0, "SGD: momentum ", options.momentum,
        " and weight_decay ", options.weight_decay, " must be 0 or more");
  check(!options.nesterov || options.momentum > 0, "SGD: Nesterov needs a momentum above 0");
}

void SGD::update(const Slot& slot) {
  const auto rate = static_cast<float>(lr()), decay = static_cast<float>(options_.weight_decay);
  const auto momentum = static_cast<float>(options_.momentum);
  const auto count = static_cast<int64_t>(slot.value.size());
  float* w = slot.value.data();
  const float* grad = slot.grad.data();
  if (slot.moments.empty()) {
    kernels::map(count, w, grad, w, [=](float value, float g) { return value - rate * (g + decay * value); });
    return;
  }
  float* m = slot.moments[0];  // starts at zero, which makes the first step's m = g
  const bool nesterov = options_.nesterov;
  parallel_for(count, kernels::pointwise_grain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float g = grad[i] + decay * w[i];
      m[i] = momentum * m[i] + g;
      w[i] -= rate * (nesterov ? g + momentum * m[i] : m[i]);
    }
  });
}

}  // namespace tinynn::optim
