// Functions of one number, activations most of them, for operations, for programs, and as text for exported
// headers, which take the sections that they need: C99 that is also C++17.
#ifndef TINYNN_KERNELS_ACTIVATION_H
#define TINYNN_KERNELS_ACTIVATION_H

#include <math.h>

//- section identity
static inline float tinynn_identity(float v) { return v; }

//- section relu
static inline float tinynn_relu(float v) { return v < 0 ? 0 : v; }

//- section leaky_relu
static inline float tinynn_leaky_relu(float v, float slope) { return v > 0 ? v : slope * v; }

//- section sigmoid
static inline float tinynn_sigmoid(float v) { return 1 / (1 + expf(-v)); }

//- section tanh
static inline float tinynn_tanh(float v) { return tanhf(v); }

//- section silu: sigmoid
static inline float tinynn_silu(float v) { return v * tinynn_sigmoid(v); }

//- section normal_cdf
// The share of a standard normal distribution below v: of v / sqrt(2).
static inline float tinynn_normal_cdf(float v) { return erfcf(-v / 1.41421356F) / 2; }

//- section gelu: normal_cdf
static inline float tinynn_gelu(float v) { return v * tinynn_normal_cdf(v); }

//- section gelu_bend
// tanh(sqrt(2 / pi) (v + 0.044715 v^3))
static inline float tinynn_gelu_bend(float v) { return tanhf(0.797884583F * (v + 0.044715F * v * v * v)); }

//- section gelu_tanh: gelu_bend
static inline float tinynn_gelu_tanh(float v) { return v / 2 * (1 + tinynn_gelu_bend(v)); }

//- section relu6
static inline float tinynn_relu6(float v) { return v < 0 ? 0 : v > 6 ? 6 : v; }

//- section hardsigmoid
static inline float tinynn_hardsigmoid(float v) { return v < -3 ? 0 : v > 3 ? 1 : (v + 3) / 6; }

//- section hardswish
static inline float tinynn_hardswish(float v) { return v < -3 ? 0 : v > 3 ? v : v * (v + 3) / 6; }

//- section elu
static inline float tinynn_elu(float v, float alpha) { return v > 0 ? v : alpha * expm1f(v); }

//- section clamp
static inline float tinynn_clamp(float v, float low, float high) {
  const float raised = v < low ? low : v;
  return raised > high ? high : raised;
}

//- section abs
static inline float tinynn_abs(float v) { return fabsf(v); }

//- section sqrt
static inline float tinynn_sqrt(float v) { return sqrtf(v); }

//- section exp
static inline float tinynn_exp(float v) { return expf(v); }

//- section log
static inline float tinynn_log(float v) { return logf(v); }

//- section pow
// Squares are what is mostly asked for, and powf is slow.
static inline float tinynn_pow(float v, float p) { return p == 2 ? v * v : p == 1 ? v : powf(v, p); }

//- section scalar_div
static inline float tinynn_scalar_div(float v, float dividend) { return dividend / v; }

//- end
#endif
