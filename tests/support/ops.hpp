// Operations made for tests, recorded on the tape as the real ones are.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/tensor.hpp>

namespace test {

using tinynn::Tensor;

/// a + b. Both inputs are handed the very same gradient, as an economical implementation would.
inline Tensor add(const Tensor& a, const Tensor& b) {
  static const tinynn::autograd::Op op{"test_add"};
  Tensor y(a.shape());
  for (int64_t i = 0; i < y.numel(); ++i) y.mutable_data()[i] = a.data()[i] + b.data()[i];
  return tinynn::autograd::record(op, y, {a, b}, [a, b](const Tensor& grad_y) {
    tinynn::autograd::accumulate_grad(a, grad_y);
    tinynn::autograd::accumulate_grad(b, grad_y);
  });
}

/// x itself, with `on_backward` called when the gradient passes.
inline Tensor spy(const Tensor& x, std::function<void()> on_backward) {
  static const tinynn::autograd::Op op{"test_spy"};
  return tinynn::autograd::record(op, x.clone(), {x},
                                  [x, call = std::move(on_backward)](const Tensor& grad_y) {
                                    call();
                                    tinynn::autograd::accumulate_grad(x, grad_y);
                                  });
}

/// A leaf that asks for a gradient.
inline Tensor leaf(std::initializer_list<float> values) {
  Tensor x = tinynn::tensor(values);
  x.set_requires_grad();
  return x;
}

}  // namespace test
