#include <cmath>

#include <tinynn/kernels/activation.h>
#include <tinynn/ops/pointwise.hpp>
#include <tinynn/ops/registry.hpp>
#include <tinynn/ops/unary.hpp>

namespace tinynn {

using detail::elementwise, detail::homogeneous, detail::Keep, detail::unary;

const Op pow_op("pow", elementwise, [](const auto& a) { return pow(a[0], a.number("exponent")); });

Tensor pow(const Tensor& x, double exponent) {
  // grad_x = grad_y p x^(p - 1), and 0 for p = 0 even where x is 0
  return unary<Keep::input>(
      pow_op, x, [p = static_cast<float>(exponent)](float v) { return tinynn_pow(v, p); },
      [p = static_cast<float>(exponent)](float g, float v) {
        return p == 0 ? 0 : g * (p * tinynn_pow(v, p - 1));
      },
      {{"exponent", exponent}});
}

const Op exp_op("exp", elementwise, [](const auto& a) { return exp(a[0]); });

Tensor exp(const Tensor& x) {
  // grad_x = grad_y y
  return unary<Keep::output>(
      exp_op, x, [](float v) { return std::exp(v); }, [](float g, float y) { return g * y; });
}

const Op log_op("log", elementwise, [](const auto& a) { return log(a[0]); });

Tensor log(const Tensor& x) {
  // grad_x = grad_y / x
  return unary<Keep::input>(
      log_op, x, [](float v) { return std::log(v); }, [](float g, float v) { return g / v; });
}

const Op sqrt_op("sqrt", elementwise, [](const auto& a) { return sqrt(a[0]); });

Tensor sqrt(const Tensor& x) {
  // grad_x = grad_y / 2y
  return unary<Keep::output>(
      sqrt_op, x, [](float v) { return std::sqrt(v); }, [](float g, float y) { return g / (2 * y); });
}

const Op abs_op("abs", homogeneous, [](const auto& a) { return abs(a[0]); });

Tensor abs(const Tensor& x) {
  // grad_x = grad_y sign(x)
  return unary<Keep::input>(
      abs_op, x, [](float v) { return std::fabs(v); },
      [](float g, float v) { return v > 0   ? g
                                    : v < 0 ? -g
                                            : g * v; });
}

const Op clamp_op("clamp", elementwise,
                  [](const auto& a) { return clamp(a[0], a.number("low"), a.number("high")); });

Tensor clamp(const Tensor& x, double low, double high) {
  const auto from = static_cast<float>(low), to = static_cast<float>(high);
  // grad_x = grad_y where low <= x <= high
  return unary<Keep::input>(
      clamp_op, x, [=](float v) { return tinynn_clamp(v, from, to); },
      [=](float g, float v) { return v >= from && v <= to ? g : 0; }, {{"low", low}, {"high", high}});
}

std::vector<const Op*> ops::pointwise() { return {&pow_op, &exp_op, &log_op, &sqrt_op, &abs_op, &clamp_op}; }

}  // namespace tinynn
