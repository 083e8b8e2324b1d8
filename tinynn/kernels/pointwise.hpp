// Elementwise loops, compiled into the operation that uses them, split over threads by size; and sums.
#pragma once

#include <cstdint>

#include <tinynn/core/parallel.hpp>

namespace tinynn::kernels {

/// Elements a thread gets at least: less is not worth waking it.
constexpr int64_t pointwise_grain = 1 << 15;

/// Calls f(begin, size) for the pieces of [0, count).
template <class F>
void in_pieces(int64_t count, const F& f) {
  parallel_for(count, pointwise_grain, [&](int64_t begin, int64_t end) { f(begin, end - begin); });
}

/// y[i] = f(x[i])
template <class F>
void map(int64_t count, const float* x, float* y, F f) {
  parallel_for(count, pointwise_grain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = f(x[i]);
  });
}

/// y[i] = f(a[i], b[i])
template <class F>
void map(int64_t count, const float* a, const float* b, float* y, F f) {
  parallel_for(count, pointwise_grain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = f(a[i], b[i]);
  });
}

/// The sum of f(i) for i in [0, count), in double and in eight lanes: one after the other, the additions
/// could not overlap. The order of additions depends on count alone.
template <class F>
double sum_in_lanes(int64_t count, F f) {
  double lane[8] = {};
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int64_t k = 0; k < 8; ++k) lane[k] += static_cast<double>(f(i + k));
  }
  for (; i < count; ++i) lane[0] += static_cast<double>(f(i));
  return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

}  // namespace tinynn::kernels
