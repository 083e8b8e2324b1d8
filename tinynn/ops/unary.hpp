// unary: all there is to an operation on one tensor, element by element, but its formula and its derivative.
// For the implementation of operations; ops/pointwise.cpp shows its use.
#pragma once

#include <type_traits>
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

/// As a derivative: the gradient of an input is that of the result, and costs no pass over memory.
struct Unchanged {};

/// y = f(x), with grad_x = derivative(grad_y, x) or derivative(grad_y, y); with Keep::nothing,
/// derivative(grad_y).
template <Keep keep, class F, class D>
Tensor unary(const autograd::Op& op, const Tensor& x, F f, D derivative,
             std::initializer_list<autograd::Setting> settings = {}) {
  Tensor y(x.shape());
  kernels::map(x.numel(), x.data(), y.mutable_data(), f);
  const Tensor kept = keep == Keep::input ? x : keep == Keep::output ? y.detach() : Tensor();
  const auto backward = [=, x = autograd::place_of(x)](const Tensor& grad_y) {
    if constexpr (std::is_same_v<D, Unchanged>) {
      autograd::accumulate_grad(x, grad_y);
    } else {
      autograd::hand_on_grad(x, [&](float* grad_x) {
        if constexpr (keep == Keep::nothing)
          kernels::map(x.numel(), grad_y.data(), grad_x, derivative);
        else
          kernels::map(x.numel(), grad_y.data(), kept.data(), grad_x, derivative);
      });
    }
  };
  return autograd::record(op, y, {x}, backward, settings);
}

}  // namespace tinynn::detail
