#include "tests/parity/draws.hpp"
#include "tests/parity/torch/twins.hpp"

namespace test::parity {
namespace {

using X = const TorchInputs&;
using T = const Trial&;

// A trial numbers its reductions as PyTorch does; 3 is "batchmean", which only kl_div has.
int64_t reduction(T t) { return t.integer("reduction"); }

at::Tensor labels(T t) { return torch::tensor(t.labels, torch::kLong); }

at::Tensor kl_div(X x, T t) {
  if (reduction(t) == 3) return torch::kl_div(x("x"), x("target"), at::Reduction::Sum) / x("x").size(0);
  return torch::kl_div(x("x"), x("target"), reduction(t));
}

at::Tensor distillation_loss(X x, T t) {
  const double temperature = t.number("temperature");
  const at::Tensor teacher = to_torch(vector_option(t, "teacher")).view_as(x("x"));
  return torch::kl_div(torch::log_softmax(x("x") / temperature, 1), torch::softmax(teacher / temperature, 1),
                       at::Reduction::Sum) /
         x("x").size(0) * temperature * temperature;
}

}  // namespace

Twins loss_twins() {
  return {
      {"cross_entropy", torch_gradients([](X x, T t) {
         return torch::cross_entropy_loss(x("x"), labels(t), to_torch(vector_option(t, "weight")),
                                          reduction(t), -100, t.number("label_smoothing"));
       })},
      {"nll_loss", torch_gradients([](X x, T t) {
         return torch::nll_loss(x("x"), labels(t), to_torch(vector_option(t, "weight")), reduction(t));
       })},
      {"mse_loss",
       torch_gradients([](X x, T t) { return torch::mse_loss(x("x"), x("target"), reduction(t)); })},
      {"l1_loss",
       torch_gradients([](X x, T t) { return torch::l1_loss(x("x"), x("target"), reduction(t)); })},
      {"binary_cross_entropy_with_logits", torch_gradients([](X x, T t) {
         return torch::binary_cross_entropy_with_logits(x("x"), x("target"), {}, {}, reduction(t));
       })},
      {"kl_div", torch_gradients(kl_div)},
      {"distillation_loss", torch_gradients(distillation_loss)},
  };
}

}  // namespace test::parity
