// What batch_norm, layer_norm and group_norm have in common on the way back. For the implementation of
// operations.
#pragma once

#include <utility>

#include <tinynn/autograd/record.hpp>

namespace tinynn::detail {

inline const float* data_or_null(const Tensor& x) { return x.defined() ? x.data() : nullptr; }

/// Hands x, weight and bias the gradients that backward(grad_x, grad_weight, grad_bias) writes; null stands
/// for one that needs none. grad_x may be the memory of grad_y.
template <class Backward>
void hand_on_norm_grads(const Tensor& grad_y, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        Backward backward) {
  const auto wanted = [](const Tensor& t) { return t.requires_grad() ? Tensor(t.shape()) : Tensor(); };
  const auto out = [](Tensor& t) { return t.defined() ? t.mutable_data() : nullptr; };
  Tensor grad_x = x.requires_grad() ? autograd::take_over(grad_y) : Tensor(), grad_weight = wanted(weight),
         grad_bias = wanted(bias);
  backward(out(grad_x), out(grad_weight), out(grad_bias));
  autograd::accumulate_grad(x, std::move(grad_x));
  autograd::accumulate_grad(weight, std::move(grad_weight));
  autograd::accumulate_grad(bias, std::move(grad_bias));
}

}  // namespace tinynn::detail
