// The rows of batch normalisation. Sums are in double, in several vectors at once: one after the other, the
// additions could not overlap.
#include <tinynn/kernels/simd/loops.hpp>
#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

// As many floats as a vector holds doubles.
constexpr int half = lanes / 2;
constexpr int at_once = 4;
using Half = float __attribute__((vector_size(half * sizeof(float)), aligned(alignof(float)), may_alias));
using Doubles = double __attribute__((vector_size(half * sizeof(double))));

Doubles widen(const float* p) { return __builtin_convertvector(*reinterpret_cast<const Half*>(p), Doubles); }

// Adds value(i) to the totals for all i, of which wide(i, sums) adds a vector's worth.
template <int n, class Wide, class Single>
void sum_over(int64_t count, double* totals, Wide wide, Single single) {
  int64_t i = 0;
  if (count >= at_once * half) {
    Doubles sums[at_once][n] = {};
    for (; i + at_once * half <= count; i += at_once * half) {
#pragma GCC unroll 4
      for (int k = 0; k < at_once; ++k) wide(i + k * half, sums[k]);
    }
    for (int a = 0; a < n; ++a) {
      const Doubles all = (sums[0][a] + sums[1][a]) + (sums[2][a] + sums[3][a]);
      for (int k = 0; k < half; ++k) totals[a] += all[k];
    }
  }
  for (; i < count; ++i) single(i, totals);
}

}  // namespace

double sum(int64_t count, const float* x) {
  double total = 0;
  sum_over<1>(
      count, &total, [=](int64_t i, Doubles* sums) { sums[0] += widen(x + i); },
      [=](int64_t i, double* sums) { sums[0] += static_cast<double>(x[i]); });
  return total;
}

void add_moments(int64_t count, const float* x, double shift, double* sums) {
  const auto add = [=](auto value, auto* to) {
    const auto centred = value - shift;
    to[0] += centred;
    to[1] += centred * centred;
  };
  sum_over<2>(
      count, sums, [=](int64_t i, Doubles* to) { add(widen(x + i), to); },
      [=](int64_t i, double* to) { add(static_cast<double>(x[i]), to); });
}

void add_products(int64_t count, const float* g, const float* x, double mean, double* sums) {
  const auto add = [=](auto gradient, auto value, auto* to) {
    to[0] += gradient;
    to[1] += gradient * (value - mean);
  };
  sum_over<2>(
      count, sums, [=](int64_t i, Doubles* to) { add(widen(g + i), widen(x + i), to); },
      [=](int64_t i, double* to) { add(static_cast<double>(g[i]), static_cast<double>(x[i]), to); });
}

void normalize(int64_t count, const float* x, float mean, float scale, float shift, float* y) {
  for (int64_t i = 0; i < count; ++i) y[i] = (x[i] - mean) * scale + shift;
}

// grad_x may be grad_y: a compiler, which must allow for that, would not vectorize the loop.
void normalize_backward(int64_t count, const float* grad_y, const float* x, float mean, float scale,
                        float shift, float slope, float* grad_x) {
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    store(grad_x + i, scale * (load(grad_y + i) - shift - (load(x + i) - mean) * slope));
  }
  for (; i < count; ++i) grad_x[i] = scale * (grad_y[i] - shift - (x[i] - mean) * slope);
}

}  // namespace tinynn::kernels::simd::TINYNN_ISA
