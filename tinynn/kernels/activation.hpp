// Activations of one number, for the operations and for inference programs.
#pragma once

#include <cmath>
#include <numbers>

namespace tinynn::kernels {

inline float relu(float x) { return x < 0 ? 0 : x; }
inline float leaky_relu(float x, float slope) { return x > 0 ? x : slope * x; }
inline float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }
inline float silu(float x) { return x * sigmoid(x); }

/// Phi(x), the share of a standard normal distribution below x.
inline float normal_cdf(float x) { return std::erfc(-x / std::numbers::sqrt2_v<float>) / 2; }
inline float gelu(float x) { return x * normal_cdf(x); }

/// Of gelu's approximation, x / 2 (1 + tanh(root (x + cubic x^3))).
namespace gelu_tanh_constants {
inline constexpr float root = std::numbers::sqrt2_v<float> * std::numbers::inv_sqrtpi_v<float>,
                       cubic = 0.044715F;
}
inline float gelu_bend(float x) {
  using namespace gelu_tanh_constants;
  return std::tanh(root * (x + cubic * x * x * x));
}
inline float gelu_tanh(float x) { return x / 2 * (1 + gelu_bend(x)); }

}  // namespace tinynn::kernels
