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

// The sum over i of value(i), of which wide(i) computes a vector.
template <class Wide, class Single>
double sum_over(int64_t count, Wide wide, Single single) {
  int64_t i = 0;
  double total = 0;
  if (count >= at_once * half) {
    Doubles sums[at_once] = {};
    for (; i + at_once * half <= count; i += at_once * half) {
#pragma GCC unroll 4
      for (int k = 0; k < at_once; ++k) sums[k] += wide(i + k * half);
    }
    const Doubles all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    for (int k = 0; k < half; ++k) total += all[k];
  }
  for (; i < count; ++i) total += single(i);
  return total;
}

}  // namespace

double sum(int64_t count, const float* x) {
  return sum_over(
      count, [=](int64_t i) { return widen(x + i); }, [=](int64_t i) { return static_cast<double>(x[i]); });
}

double sum_of_squares(int64_t count, const float* x, double mean) {
  return sum_over(
      count,
      [=](int64_t i) {
        const Doubles centred = widen(x + i) - mean;
        return centred * centred;
      },
      [=](int64_t i) {
        const double centred = static_cast<double>(x[i]) - mean;
        return centred * centred;
      });
}

double sum_of_products(int64_t count, const float* g, const float* x, double mean) {
  return sum_over(
      count, [=](int64_t i) { return widen(g + i) * (widen(x + i) - mean); },
      [=](int64_t i) { return static_cast<double>(g[i]) * (static_cast<double>(x[i]) - mean); });
}

void normalize(int64_t count, const float* x, float mean, float scale, float shift, float* y) {
  for (int64_t i = 0; i < count; ++i) y[i] = (x[i] - mean) * scale + shift;
}

void normalize_backward(int64_t count, const float* grad_y, const float* x, float mean, float scale,
                        float shift, float slope, float* grad_x) {
  for (int64_t i = 0; i < count; ++i) grad_x[i] = scale * (grad_y[i] - shift - (x[i] - mean) * slope);
}

}  // namespace tinynn::kernels::simd::TINYNN_ISA
