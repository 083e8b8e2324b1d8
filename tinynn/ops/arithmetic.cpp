#include <cmath>
#include <type_traits>

#include <tinynn/autograd/record.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/broadcast.hpp>
#include <tinynn/ops/unary.hpp>

namespace tinynn {
namespace {

using detail::Broadcast;

// As the derivative of an input: its gradient is that of the result, and costs no pass over memory.
struct Unchanged {};

// The gradient of one of a and b: derivative(grad_y, a, b), summed to its shape.
template <class D>
Tensor grad_of(const Tensor& input, const Broadcast& with, const Tensor& a, const Tensor& b,
               const Tensor& grad_y, D derivative) {
  if constexpr (std::is_same_v<D, Unchanged>) {
    return detail::sum_to(grad_y, input.shape());
  } else {
    Tensor grad(with.shape);
    kernels::for_each(with.walk, a.data(), b.data(),
                      [=, to = grad.mutable_data(), g = grad_y.data()](int64_t i, float u, float v) {
                        to[i] = derivative(g[i], u, v);
                      });
    return detail::sum_to(grad, input.shape());
  }
}

// y = f(a, b), with the gradients of a and b from functions of (grad_y, a, b).
template <class F, class Da, class Db>
Tensor binary(const autograd::Op& op, const Tensor& a, const Tensor& b, F f, Da grad_a, Db grad_b) {
  const Broadcast with(op.name, a.shape(), b.shape());
  Tensor y(with.shape);
  kernels::for_each(with.walk, a.data(), b.data(),
                    [=, to = y.mutable_data()](int64_t i, float u, float v) { to[i] = f(u, v); });
  return autograd::record(op, y, {a, b}, [=](const Tensor& grad_y) {
    if (a.requires_grad()) autograd::accumulate_grad(a, grad_of(a, with, a, b, grad_y, grad_a));
    if (b.requires_grad()) autograd::accumulate_grad(b, grad_of(b, with, a, b, grad_y, grad_b));
  });
}

}  // namespace

using detail::Keep;
using detail::unary;

Tensor add(const Tensor& a, const Tensor& b) {
  static const autograd::Op op{"add", autograd::elementwise_sum};
  // grad_a = grad_b = grad_y
  return binary(
      op, a, b, [](float u, float v) { return u + v; }, Unchanged(), Unchanged());
}

Tensor add(const Tensor& a, double b) {
  static const autograd::Op op{"add_scalar", autograd::elementwise};
  // grad_a = grad_y
  return unary<Keep::nothing>(op, a, [s = static_cast<float>(b)](float u) { return u + s; }, 0,
                              {{"value", b}});
}

Tensor sub(const Tensor& a, const Tensor& b) {
  static const autograd::Op op{"sub", autograd::elementwise_sum};
  // grad_a = grad_y, grad_b = -grad_y
  return binary(
      op, a, b, [](float u, float v) { return u - v; }, Unchanged(),
      [](float g, float, float) { return -g; });
}

Tensor sub(const Tensor& a, double b) { return add(a, -b); }

Tensor sub(double a, const Tensor& b) {
  static const autograd::Op op{"scalar_sub", autograd::elementwise};
  // grad_b = -grad_y
  return unary<Keep::input>(
      op, b, [s = static_cast<float>(a)](float v) { return s - v; }, [](float g, float) { return -g; },
      {{"value", a}});
}

Tensor mul(const Tensor& a, const Tensor& b) {
  static const autograd::Op op{"mul", autograd::elementwise_product};
  // grad_a = grad_y b, grad_b = grad_y a
  return binary(
      op, a, b, [](float u, float v) { return u * v; }, [](float g, float, float v) { return g * v; },
      [](float g, float u, float) { return g * u; });
}

Tensor mul(const Tensor& a, double b) {
  static const autograd::Op op{"mul_scalar", autograd::elementwise};
  const auto s = static_cast<float>(b);
  // grad_a = grad_y b
  return unary<Keep::input>(
      op, a, [s](float u) { return u * s; }, [s](float g, float) { return g * s; }, {{"value", b}});
}

Tensor div(const Tensor& a, const Tensor& b) {
  static const autograd::Op op{"div", autograd::elementwise};
  // grad_a = grad_y / b, grad_b = -grad_y a / b^2
  return binary(
      op, a, b, [](float u, float v) { return u / v; }, [](float g, float, float v) { return g / v; },
      [](float g, float u, float v) { return -g * (u / v / v); });
}

Tensor div(const Tensor& a, double b) {
  static const autograd::Op op{"div_scalar", autograd::elementwise};
  const auto s = static_cast<float>(b);
  // grad_a = grad_y / b
  return unary<Keep::input>(
      op, a, [s](float u) { return u / s; }, [s](float g, float) { return g / s; }, {{"value", b}});
}

Tensor div(double a, const Tensor& b) {
  static const autograd::Op op{"scalar_div", autograd::elementwise};
  const auto s = static_cast<float>(a);
  // grad_b = -grad_y a / b^2
  return unary<Keep::input>(
      op, b, [s](float v) { return s / v; }, [s](float g, float v) { return -g * (s / v / v); },
      {{"value", a}});
}

Tensor maximum(const Tensor& a, const Tensor& b) {
  static const autograd::Op op{"maximum", autograd::elementwise};
  // grad_a = grad_y where a > b, half of it where a = b; grad_b likewise
  return binary(
      op, a, b, [](float u, float v) { return u > v || std::isnan(u) ? u : v; },
      [](float g, float u, float v) { return u < v    ? 0
                                             : u == v ? g / 2
                                                      : g; },
      [](float g, float u, float v) { return v < u    ? 0
                                             : u == v ? g / 2
                                                      : g; });
}

Tensor minimum(const Tensor& a, const Tensor& b) {
  static const autograd::Op op{"minimum", autograd::elementwise};
  // grad_a = grad_y where a < b, half of it where a = b; grad_b likewise
  return binary(
      op, a, b, [](float u, float v) { return u < v || std::isnan(u) ? u : v; },
      [](float g, float u, float v) { return u > v    ? 0
                                             : u == v ? g / 2
                                                      : g; },
      [](float g, float u, float v) { return v > u    ? 0
                                             : u == v ? g / 2
                                                      : g; });
}

}  // namespace tinynn
