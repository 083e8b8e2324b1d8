// Elementwise loops, compiled into the operation that uses them, split over threads by size.
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

}  // namespace tinynn::kernels
