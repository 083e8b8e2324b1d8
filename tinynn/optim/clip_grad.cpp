#include <algorithm>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/optim/clip_grad.hpp>

namespace tinynn::optim {
namespace {

template <class F>
void change_gradients(const std::vector<Parameter>& parameters, F f) {
  for (const Parameter& parameter : parameters) {
    Tensor grad = parameter.grad();
    if (grad.defined()) kernels::map(grad.numel(), grad.data(), grad.mutable_data(), f);
  }
}

}  // namespace

double clip_grad_norm(const std::vector<Parameter>& parameters, double max_norm) {
  require_distinct("clip_grad_norm", parameters);
  check(max_norm >= 0, "clip_grad_norm: the largest norm is ", max_norm, ", expected 0 or more");
  double squares = 0;
  for (const Parameter& parameter : parameters) {
    const Tensor grad = parameter.grad();
    if (!grad.defined()) continue;
    for (const float g : grad.values()) squares += static_cast<double>(g) * static_cast<double>(g);
  }
  const double norm = std::sqrt(squares);
  check(std::isfinite(norm), "clip_grad_norm: the norm of the gradients is ", norm);
  // PyTorch's formula: the small number keeps a norm of zero from dividing.
  const auto factor = static_cast<float>(std::min(1.0, max_norm / (norm + 1e-6)));
  if (factor < 1) change_gradients(parameters, [=](float g) { return g * factor; });
  return norm;
}

void clip_grad_value(const std::vector<Parameter>& parameters, double limit) {
  require_distinct("clip_grad_value", parameters);
  check(limit >= 0, "clip_grad_value: the limit is ", limit, ", expected 0 or more");
  const auto bound = static_cast<float>(limit);
  change_gradients(parameters, [=](float g) { return g > bound ? bound : g < -bound ? -bound : g; });
}

}  // namespace tinynn::optim
