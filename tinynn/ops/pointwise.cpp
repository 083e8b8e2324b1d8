#include <algorithm>
#include <cmath>

#include <tinynn/ops/pointwise.hpp>
#include <tinynn/ops/unary.hpp>

namespace tinynn {

using detail::Keep;
using detail::unary;

Tensor pow(const Tensor& x, double exponent) {
  static const autograd::Op op{"pow", autograd::elementwise};
  // Squares are what is mostly asked for, and std::pow is slow.
  const auto power = [](float v, float p) { return p == 2 ? v * v : p == 1 ? v : std::pow(v, p); };
  // grad_x = grad_y p x^(p - 1), and 0 for p = 0 even where x is 0
  return unary<Keep::input>(
      op, x, [power, p = static_cast<float>(exponent)](float v) { return power(v, p); },
      [power, p = static_cast<float>(exponent)](float g, float v) {
        return p == 0 ? 0 : g * (p * power(v, p - 1));
      },
      {{"exponent", exponent}});
}

Tensor exp(const Tensor& x) {
  static const autograd::Op op{"exp", autograd::elementwise};
  // grad_x = grad_y y
  return unary<Keep::output>(
      op, x, [](float v) { return std::exp(v); }, [](float g, float y) { return g * y; });
}

Tensor log(const Tensor& x) {
  static const autograd::Op op{"log", autograd::elementwise};
  // grad_x = grad_y / x
  return unary<Keep::input>(
      op, x, [](float v) { return std::log(v); }, [](float g, float v) { return g / v; });
}

Tensor sqrt(const Tensor& x) {
  static const autograd::Op op{"sqrt", autograd::elementwise};
  // grad_x = grad_y / 2y
  return unary<Keep::output>(
      op, x, [](float v) { return std::sqrt(v); }, [](float g, float y) { return g / (2 * y); });
}

Tensor abs(const Tensor& x) {
  static const autograd::Op op{"abs", autograd::elementwise};
  // grad_x = grad_y sign(x)
  return unary<Keep::input>(
      op, x, [](float v) { return std::fabs(v); },
      [](float g, float v) { return v > 0   ? g
                                    : v < 0 ? -g
                                            : g * v; });
}

Tensor clamp(const Tensor& x, double low, double high) {
  static const autograd::Op op{"clamp", autograd::elementwise};
  const auto from = static_cast<float>(low), to = static_cast<float>(high);
  // grad_x = grad_y where low <= x <= high
  return unary<Keep::input>(
      op, x, [=](float v) { return std::min(std::max(v, from), to); },
      [=](float g, float v) { return v >= from && v <= to ? g : 0; }, {{"low", low}, {"high", high}});
}

}  // namespace tinynn
