// unary: all there is to an operation on one tensor, element by element, but its formula and its derivative.
// For the implementation of operations; ops/pointwise.cpp shows its use.
#pragma once

#include <utility>

#include <tinynn/autograd/record.hpp>
#include <tinynn/kernels/pointwise.hpp>

namespace tinynn::detail {

/// Of an operation that makes each element of the result of the elements in its place.
constexpr autograd::Properties elementwise{.channels = autograd::elementwise};
/// Of one of them for which f(s x) = s f(x) for every s > 0.
constexpr autograd::Properties homogeneous{.channels = autograd::elementwise, .homogeneous = true};

/// What the derivative needs besides grad_y. Only what is named is kept in memory until backward.
enum class Keep { nothing, input, output };

/// y = f(x), with grad_x = derivative(grad_y, x) or derivative(grad_y, y); with Keep::nothing, grad_x =
/// grad_y.
template <Keep keep, class F, class D = int>
Tensor unary(const autograd::Op& op, const Tensor& x, F f, D derivative = {},
             std::initializer_list<autograd::Setting> settings = {}) {
  Tensor y(x.shape());
  kernels::map(x.numel(), x.data(), y.mutable_data(), f);
  if constexpr (keep == Keep::nothing) {
    return autograd::record(
        op, y, {x}, [x](const Tensor& grad_y) { autograd::accumulate_grad(x, grad_y); }, settings);
  } else {
    const Tensor kept = keep == Keep::input ? x : y.detach();
    const auto backward = [x, kept, derivative](const Tensor& grad_y) {
      autograd::hand_on_grad(
          x, [&](float* grad_x) { kernels::map(x.numel(), grad_y.data(), kept.data(), grad_x, derivative); });
    };
    return autograd::record(op, y, {x}, backward, settings);
  }
}

}  // namespace tinynn::detail
