// The sum of f(i) for i in [0, count), in double and in eight lanes: one after the other, the additions could
// not overlap. The order of additions depends on count alone.
#pragma once

#include <cstdint>

namespace tinynn::kernels {

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

inline double sum_in_lanes(const float* x, int64_t count) {
  return sum_in_lanes(count, [x](int64_t i) { return x[i]; });
}

}  // namespace tinynn::kernels
