// Sums over rows, in double, in several vectors at once: one after the other, the additions could not
// overlap.
#pragma once

#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

using Doubles = double __attribute__((vector_size(half * sizeof(double))));

// Calls add(at, totals) for all elements, single ones or vectors of them: at(x) are those of an array, in
// double.
template <int n, class Add>
void sum_over(int64_t count, double* totals, const Add& add) {
  constexpr int at_once = 4;
  int64_t i = 0;
  if (count >= at_once * half) {
    Doubles sums[at_once][n] = {};
    for (; i + at_once * half <= count; i += at_once * half) {
#pragma GCC unroll 4
      for (int k = 0; k < at_once; ++k) {
        add(
            [=](const float* x) {
              return __builtin_convertvector(*reinterpret_cast<const Half*>(x + i + k * half), Doubles);
            },
            sums[k]);
      }
    }
    for (int a = 0; a < n; ++a) {
      const Doubles all = (sums[0][a] + sums[1][a]) + (sums[2][a] + sums[3][a]);
      for (int k = 0; k < half; ++k) totals[a] += all[k];
    }
  }
  for (; i < count; ++i) add([=](const float* x) { return static_cast<double>(x[i]); }, totals);
}

double sum(int64_t count, const float* x) {
  double total = 0;
  sum_over<1>(count, &total, [=](auto at, auto* to) { to[0] += at(x); });
  return total;
}

void add_moments(int64_t count, const float* x, double shift, double* sums) {
  sum_over<2>(count, sums, [=](auto at, auto* to) {
    const auto centred = at(x) - shift;
    to[0] += centred;
    to[1] += centred * centred;
  });
}

void add_products(int64_t count, const float* g, const float* x, double mean, double* sums) {
  sum_over<2>(count, sums, [=](auto at, auto* to) {
    to[0] += at(g);
    to[1] += at(g) * (at(x) - mean);
  });
}

void add_rows_to_sums(int64_t rows, int64_t width, const float* x, double* sums) {
  for (int64_t r = 0; r < rows; ++r, x += width) {
    for (int64_t c = 0; c < width; ++c) sums[c] += static_cast<double>(x[c]);
  }
}

}  // namespace
}  // namespace tinynn::kernels::simd::TINYNN_ISA
