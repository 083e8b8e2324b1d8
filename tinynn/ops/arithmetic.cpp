#include <cmath>
#include <functional>
#include <type_traits>

#include <tinynn/autograd/record.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/broadcast.hpp>
#include <tinynn/ops/registry.hpp>
#include <tinynn/ops/unary.hpp>

namespace tinynn {
namespace {

using detail::Broadcast, detail::Unchanged;

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
Tensor binary(const Op& op, const Tensor& a, const Tensor& b, F f, Da grad_a, Db grad_b) {
  const Broadcast with(op.name, a.shape(), b.shape());
  Tensor y(with.shape);
  kernels::for_each(with.walk, a.data(), b.data(),
                    [=, to = y.mutable_data()](int64_t i, float u, float v) { to[i] = f(u, v); });
  constexpr bool reads = !std::is_same_v<Da, Unchanged> || !std::is_same_v<Db, Unchanged>;
  const auto kept = [](const Tensor& input) { return reads ? input : autograd::place_of(input); };
  return autograd::record(op, y, {a, b}, [=, a = kept(a), b = kept(b)](const Tensor& grad_y) {
    if (a.requires_grad()) autograd::accumulate_grad(a, grad_of(a, with, a, b, grad_y, grad_a));
    if (b.requires_grad()) autograd::accumulate_grad(b, grad_of(b, with, a, b, grad_y, grad_b));
  });
}

// The one of each pair that beats the other; NaN wins.
template <class Beats>
Tensor extreme(const Op& op, const Tensor& a, const Tensor& b, Beats beats) {
  // grad_a = grad_y where a beats b, half of it where a = b; grad_b likewise
  const auto share = [=](float g, float own, float other) {
    return beats(other, own) ? 0 : own == other ? g / 2 : g;
  };
  return binary(
      op, a, b, [=](float u, float v) { return beats(u, v) || std::isnan(u) ? u : v; }, share,
      [=](float g, float u, float v) { return share(g, v, u); });
}

}  // namespace

using detail::elementwise, detail::homogeneous, detail::Keep, detail::unary;

const Op add_op("add", {.channels = autograd::elementwise_sum},
                [](const auto& a) { return add(a[0], a[1]); });

Tensor add(const Tensor& a, const Tensor& b) {
  // grad_a = grad_b = grad_y
  return binary(
      add_op, a, b, [](float u, float v) { return u + v; }, Unchanged(), Unchanged());
}

const Op add_scalar_op("add_scalar", elementwise, [](const auto& a) { return add(a[0], a.number("value")); });

Tensor add(const Tensor& a, double b) {
  // grad_a = grad_y
  return unary<Keep::nothing>(add_scalar_op, a, [s = static_cast<float>(b)](float u) { return u + s; },
                              Unchanged(), {{"value", b}});
}

const Op sub_op("sub", {.channels = autograd::elementwise_sum},
                [](const auto& a) { return sub(a[0], a[1]); });

Tensor sub(const Tensor& a, const Tensor& b) {
  // grad_a = grad_y, grad_b = -grad_y
  return binary(
      sub_op, a, b, [](float u, float v) { return u - v; }, Unchanged(),
      [](float g, float, float) { return -g; });
}

Tensor sub(const Tensor& a, double b) { return add(a, -b); }

const Op scalar_sub_op("scalar_sub", elementwise, [](const auto& a) { return sub(a.number("value"), a[0]); });

Tensor sub(double a, const Tensor& b) {
  // grad_b = -grad_y
  return unary<Keep::nothing>(
      scalar_sub_op, b, [s = static_cast<float>(a)](float v) { return s - v; }, [](float g) { return -g; },
      {{"value", a}});
}

const Op mul_op("mul", {.channels = autograd::elementwise_product},
                [](const auto& a) { return mul(a[0], a[1]); });

Tensor mul(const Tensor& a, const Tensor& b) {
  // grad_a = grad_y b, grad_b = grad_y a
  return binary(
      mul_op, a, b, [](float u, float v) { return u * v; }, [](float g, float, float v) { return g * v; },
      [](float g, float u, float) { return g * u; });
}

const Op mul_scalar_op("mul_scalar", homogeneous, [](const auto& a) { return mul(a[0], a.number("value")); });

Tensor mul(const Tensor& a, double b) {
  const auto s = static_cast<float>(b);
  // grad_a = grad_y b
  return unary<Keep::nothing>(
      mul_scalar_op, a, [s](float u) { return u * s; }, [s](float g) { return g * s; }, {{"value", b}});
}

const Op div_op("div", elementwise, [](const auto& a) { return div(a[0], a[1]); });

Tensor div(const Tensor& a, const Tensor& b) {
  // grad_a = grad_y / b, grad_b = -grad_y a / b^2
  return binary(
      div_op, a, b, [](float u, float v) { return u / v; }, [](float g, float, float v) { return g / v; },
      [](float g, float u, float v) { return -g * (u / v / v); });
}

const Op div_scalar_op("div_scalar", homogeneous, [](const auto& a) { return div(a[0], a.number("value")); });

Tensor div(const Tensor& a, double b) {
  const auto s = static_cast<float>(b);
  // grad_a = grad_y / b
  return unary<Keep::nothing>(
      div_scalar_op, a, [s](float u) { return u / s; }, [s](float g) { return g / s; }, {{"value", b}});
}

const Op scalar_div_op("scalar_div", elementwise, [](const auto& a) { return div(a.number("value"), a[0]); });

Tensor div(double a, const Tensor& b) {
  const auto s = static_cast<float>(a);
  // grad_b = -grad_y a / b^2
  return unary<Keep::input>(
      scalar_div_op, b, [s](float v) { return s / v; }, [s](float g, float v) { return -g * (s / v / v); },
      {{"value", a}});
}

const Op maximum_op("maximum", elementwise, [](const auto& a) { return maximum(a[0], a[1]); });
const Op minimum_op("minimum", elementwise, [](const auto& a) { return minimum(a[0], a[1]); });

Tensor maximum(const Tensor& a, const Tensor& b) { return extreme(maximum_op, a, b, std::greater<>()); }
Tensor minimum(const Tensor& a, const Tensor& b) { return extreme(minimum_op, a, b, std::less<>()); }

std::vector<const Op*> ops::arithmetic() {
  return {&add_op, &add_scalar_op, &sub_op,        &scalar_sub_op, &mul_op,    &mul_scalar_op,
          &div_op, &div_scalar_op, &scalar_div_op, &maximum_op,    &minimum_op};
}

}  // namespace tinynn
