#include <cmath>
#include <numbers>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/kernels/activation.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/kernels/softmax.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/unary.hpp>

namespace tinynn {

using detail::Keep;

Tensor relu(const Tensor& x) {
  static const autograd::Op op{"relu", autograd::elementwise};
  Tensor y(x.shape());
  kernels::in_pieces(x.numel(), [from = x.data(), to = y.mutable_data()](int64_t begin, int64_t count) {
    kernels::simd::table().relu(count, from + begin, to + begin);
  });
  return autograd::record(op, y, {x}, [x, kept = y.detach()](const Tensor& grad_y) {
    Tensor grad_x = autograd::take_over(grad_y);
    kernels::in_pieces(x.numel(), [&, to = grad_x.mutable_data()](int64_t begin, int64_t count) {
      kernels::simd::table().relu_backward(count, grad_y.data() + begin, kept.data() + begin, to + begin);
    });
    autograd::accumulate_grad(x, std::move(grad_x));
  });
}

Tensor leaky_relu(const Tensor& x, double negative_slope) {
  static const autograd::Op op{"leaky_relu", autograd::elementwise};
  const auto slope = static_cast<float>(negative_slope);
  // grad_x = grad_y where x > 0, slope grad_y elsewhere
  return detail::unary<Keep::input>(
      op, x, [=](float v) { return kernels::leaky_relu(v, slope); },
      [=](float g, float v) { return v > 0 ? g : slope * g; }, {{"negative_slope", negative_slope}});
}

Tensor sigmoid(const Tensor& x) {
  static const autograd::Op op{"sigmoid", autograd::elementwise};
  // grad_x = grad_y y (1 - y)
  return detail::unary<Keep::output>(
      op, x, [](float v) { return kernels::sigmoid(v); }, [](float g, float y) { return g * y * (1 - y); });
}

Tensor tanh(const Tensor& x) {
  static const autograd::Op op{"tanh", autograd::elementwise};
  // grad_x = grad_y (1 - y^2)
  return detail::unary<Keep::output>(
      op, x, [](float v) { return std::tanh(v); }, [](float g, float y) { return g * (1 - y * y); });
}

Tensor silu(const Tensor& x) {
  static const autograd::Op op{"silu", autograd::elementwise};
  // grad_x = grad_y s (1 + x (1 - s)) with s = sigmoid(x)
  return detail::unary<Keep::input>(
      op, x, [](float v) { return kernels::silu(v); },
      [](float g, float v) {
        const float s = kernels::sigmoid(v);
        return g * s * (1 + v * (1 - s));
      });
}

Tensor gelu(const Tensor& x, GeluFormula formula) {
  static const autograd::Op op{"gelu", autograd::elementwise};
  if (formula == GeluFormula::exact) {
    constexpr auto sqrt2 = std::numbers::sqrt2_v<float>;
    constexpr float per_root_pi = std::numbers::inv_sqrtpi_v<float>;
    // grad_x = grad_y (Phi(x) + x exp(-x^2 / 2) / sqrt(2 pi))
    return detail::unary<Keep::input>(
        op, x, [](float v) { return kernels::gelu(v); },
        [=](float g, float v) {
          return g * (kernels::normal_cdf(v) + v * std::exp(-v * v / 2) * per_root_pi / sqrt2);
        },
        {{"tanh", 0}});
  }
  using namespace kernels::gelu_tanh_constants;
  // grad_x = grad_y ((1 + t) / 2 + x / 2 (1 - t^2) sqrt(2 / pi) (1 + 3 * 0.044715 x^2)) with t = tanh(...)
  return detail::unary<Keep::input>(
      op, x, [](float v) { return kernels::gelu_tanh(v); },
      [=](float g, float v) {
        const float t = kernels::gelu_bend(v);
        return g * ((1 + t) / 2 + v / 2 * (1 - t * t) * root * (1 + 3 * cubic * v * v));
      },
      {{"tanh", 1}});
}

namespace {

// A softmax of either kind: its result is all that the way back needs.
template <class Forward, class Backward>
Tensor along(const autograd::Op& op, const Tensor& x, int64_t dim, Forward forward, Backward backward) {
  // A scalar is a row of one element, as in PyTorch.
  const Shape shape = x.rank() == 0 ? Shape{1} : x.shape();
  check(dim >= -shape.rank() && dim < shape.rank(), op.name, ": no dimension ", dim, " in ", x.shape());
  const int64_t outer = shape.outer(dim), size = shape[dim], inner = shape.inner(dim);
  Tensor y(x.shape());
  forward(outer, size, x.data(), y.mutable_data(), inner);
  const auto back = [=, values = y.detach()](const Tensor& grad_y) {
    Tensor grad_x(x.shape());
    backward(outer, size, values.data(), grad_y.data(), grad_x.mutable_data(), inner);
    autograd::accumulate_grad(x, std::move(grad_x));
  };
  return autograd::record(op, y, {x}, back, {{"dim", static_cast<double>(dim)}});
}

}  // namespace

Tensor softmax(const Tensor& x, int64_t dim) {
  static const autograd::Op op{"softmax", autograd::all_but_dim};
  // grad_x = y (grad_y - sum of grad_y y)
  return along(op, x, dim, kernels::softmax_forward, kernels::softmax_backward);
}

Tensor log_softmax(const Tensor& x, int64_t dim) {
  static const autograd::Op op{"log_softmax", autograd::all_but_dim};
  // grad_x = grad_y - exp(y) sum of grad_y
  return along(op, x, dim, kernels::log_softmax_forward, kernels::log_softmax_backward);
}

}  // namespace tinynn
