#include <cmath>
#include <numbers>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/shape.hpp>
#include <tinynn/kernels/activation.h>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/kernels/softmax.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/registry.hpp>
#include <tinynn/ops/unary.hpp>

namespace tinynn {

using detail::elementwise, detail::homogeneous, detail::Keep, detail::unary;

const Op relu_op("relu", homogeneous, [](const auto& a) { return relu(a[0]); });

Tensor relu(const Tensor& x) {
  Tensor y(x.shape());
  kernels::in_pieces(x.numel(), [from = x.data(), to = y.mutable_data()](int64_t begin, int64_t count) {
    kernels::simd::table().relu(count, from + begin, to + begin);
  });
  return autograd::record(
      relu_op, y, {x}, [x = autograd::place_of(x), kept = y.detach()](const Tensor& grad_y) {
        Tensor grad_x = autograd::take_over(grad_y);
        kernels::in_pieces(x.numel(), [&, to = grad_x.mutable_data()](int64_t begin, int64_t count) {
          kernels::simd::table().relu_backward(count, grad_y.data() + begin, kept.data() + begin, to + begin);
        });
        autograd::accumulate_grad(x, std::move(grad_x));
      });
}

const Op leaky_relu_op("leaky_relu", homogeneous,
                       [](const auto& a) { return leaky_relu(a[0], a.number("negative_slope")); });

Tensor leaky_relu(const Tensor& x, double negative_slope) {
  const auto slope = static_cast<float>(negative_slope);
  // grad_x = grad_y where x > 0, slope grad_y elsewhere
  return unary<Keep::input>(
      leaky_relu_op, x, [=](float v) { return tinynn_leaky_relu(v, slope); },
      [=](float g, float v) { return v > 0 ? g : slope * g; }, {{"negative_slope", negative_slope}});
}

const Op sigmoid_op("sigmoid", elementwise, [](const auto& a) { return sigmoid(a[0]); });

Tensor sigmoid(const Tensor& x) {
  // grad_x = grad_y y (1 - y)
  return unary<Keep::output>(
      sigmoid_op, x, [](float v) { return tinynn_sigmoid(v); },
      [](float g, float y) { return g * y * (1 - y); });
}

const Op tanh_op("tanh", elementwise, [](const auto& a) { return tanh(a[0]); });

Tensor tanh(const Tensor& x) {
  // grad_x = grad_y (1 - y^2)
  return unary<Keep::output>(
      tanh_op, x, [](float v) { return tinynn_tanh(v); }, [](float g, float y) { return g * (1 - y * y); });
}

const Op silu_op("silu", elementwise, [](const auto& a) { return silu(a[0]); });

Tensor silu(const Tensor& x) {
  // grad_x = grad_y s (1 + x (1 - s)) with s = sigmoid(x)
  return unary<Keep::input>(
      silu_op, x, [](float v) { return tinynn_silu(v); },
      [](float g, float v) {
        const float s = tinynn_sigmoid(v);
        return g * s * (1 + v * (1 - s));
      });
}

const Op gelu_op("gelu", elementwise, [](const auto& a) { return gelu(a[0]); });
const Op gelu_tanh_op("gelu_tanh", elementwise, [](const auto& a) { return gelu(a[0], GeluFormula::tanh); });

Tensor gelu(const Tensor& x, GeluFormula formula) {
  if (formula == GeluFormula::exact) {
    constexpr auto sqrt2 = std::numbers::sqrt2_v<float>;
    constexpr float per_root_pi = std::numbers::inv_sqrtpi_v<float>;
    // grad_x = grad_y (Phi(x) + x exp(-x^2 / 2) / sqrt(2 pi))
    return unary<Keep::input>(
        gelu_op, x, [](float v) { return tinynn_gelu(v); },
        [=](float g, float v) {
          return g * (tinynn_normal_cdf(v) + v * std::exp(-v * v / 2) * per_root_pi / sqrt2);
        });
  }
  constexpr float root = 0.797884583F, cubic = 0.044715F;  // sqrt(2 / pi), and what tinynn_gelu_bend has
  // grad_x = grad_y ((1 + t) / 2 + x / 2 (1 - t^2) sqrt(2 / pi) (1 + 3 * 0.044715 x^2)) with t = tanh(...)
  return unary<Keep::input>(
      gelu_tanh_op, x, [](float v) { return tinynn_gelu_tanh(v); },
      [=](float g, float v) {
        const float t = tinynn_gelu_bend(v);
        return g * ((1 + t) / 2 + v / 2 * (1 - t * t) * root * (1 + 3 * cubic * v * v));
      });
}

const Op relu6_op("relu6", elementwise, [](const auto& a) { return relu6(a[0]); });

Tensor relu6(const Tensor& x) {
  // grad_x = grad_y where 0 < x < 6
  return unary<Keep::input>(
      relu6_op, x, [](float v) { return tinynn_relu6(v); },
      [](float g, float v) { return v <= 0 || v >= 6 ? 0 : g; });
}

const Op hardsigmoid_op("hardsigmoid", elementwise, [](const auto& a) { return hardsigmoid(a[0]); });

Tensor hardsigmoid(const Tensor& x) {
  // grad_x = grad_y / 6 where -3 < x < 3
  return unary<Keep::input>(
      hardsigmoid_op, x, [](float v) { return tinynn_hardsigmoid(v); },
      [](float g, float v) { return v > -3 && v < 3 ? g / 6 : 0; });
}

const Op hardswish_op("hardswish", elementwise, [](const auto& a) { return hardswish(a[0]); });

Tensor hardswish(const Tensor& x) {
  // grad_x = 0 below -3, grad_y above 3, grad_y (x / 3 + 1 / 2) between
  return unary<Keep::input>(
      hardswish_op, x, [](float v) { return tinynn_hardswish(v); },
      [](float g, float v) { return v < -3  ? 0
                                    : v > 3 ? g
                                            : g * (v / 3 + 0.5F); });
}

const Op elu_op("elu", elementwise, [](const auto& a) { return elu(a[0], a.number("alpha")); });

Tensor elu(const Tensor& x, double alpha) {
  const auto scale = static_cast<float>(alpha);
  // grad_x = grad_y where x > 0, grad_y alpha exp(x) elsewhere
  return unary<Keep::input>(
      elu_op, x, [=](float v) { return tinynn_elu(v, scale); },
      [=](float g, float v) { return v > 0 ? g : g * (scale * std::exp(v)); }, {{"alpha", alpha}});
}

namespace {

// A softmax of either kind: its result is all that the way back needs.
template <class Forward, class Backward>
Tensor along(const Op& op, const Tensor& x, int64_t dim, Forward forward, Backward backward) {
  // A scalar is a row of one element, as in PyTorch.
  const Shape shape = x.rank() == 0 ? Shape{1} : x.shape();
  check(dim >= -shape.rank() && dim < shape.rank(), op.name, ": no dimension ", dim, " in ", x.shape());
  const Slices s(shape, dim);
  Tensor y(x.shape());
  forward(s.outer, s.size, x.data(), y.mutable_data(), s.inner);
  const auto back = [=, x = autograd::place_of(x), values = y.detach()](const Tensor& grad_y) {
    autograd::hand_on_grad(
        x, [&](float* grad_x) { backward(s.outer, s.size, values.data(), grad_y.data(), grad_x, s.inner); });
  };
  return autograd::record(op, y, {x}, back, {{"dim", dim}});
}

}  // namespace

const Op softmax_op("softmax", {.channels = autograd::all_but_dim},
                    [](const auto& a) { return softmax(a[0], a.whole("dim")); });

Tensor softmax(const Tensor& x, int64_t dim) {
  // grad_x = y (grad_y - sum of grad_y y)
  return along(softmax_op, x, dim, kernels::softmax_forward, kernels::softmax_backward);
}

const Op log_softmax_op("log_softmax", {.channels = autograd::all_but_dim},
                        [](const auto& a) { return log_softmax(a[0], a.whole("dim")); });

Tensor log_softmax(const Tensor& x, int64_t dim) {
  // grad_x = grad_y - exp(y) sum of grad_y
  return along(log_softmax_op, x, dim, kernels::log_softmax_forward, kernels::log_softmax_backward);
}

std::vector<const Op*> ops::activation() {
  return {&relu_op, &leaky_relu_op, &sigmoid_op,     &tanh_op,  &silu_op,    &gelu_op,       &gelu_tanh_op,
          &elu_op,  &hardswish_op,  &hardsigmoid_op, &relu6_op, &softmax_op, &log_softmax_op};
}

}  // namespace tinynn
