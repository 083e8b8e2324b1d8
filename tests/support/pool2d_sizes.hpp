// Random sizes for pooling: windows that overlap or leave gaps, padding of each side, dilation.
#pragma once

#include <tinynn/kernels/pool2d.hpp>

#include "tests/support/draw.hpp"

namespace test {

/// The same number along both axes, as most layers have it, or two.
inline tinynn::Size2 draw_size2(Draw& draw, int64_t low, int64_t high) {
  const int64_t h = draw.between(low, high);
  return {h, draw.coin() ? h : draw.between(low, high)};
}

/// Of each side up to half the kernel.
inline tinynn::Padding2d draw_pool_padding(Draw& draw, const tinynn::Size2& kernel) {
  const int64_t h = kernel.h / 2, w = kernel.w / 2;
  if (draw.coin()) return 0;
  if (draw.coin()) return {draw.between(0, h), draw.between(0, w)};
  return {draw.between(0, h), draw.between(0, h), draw.between(0, w), draw.between(0, w)};
}

/// Whether there are results, each of which sees a pixel.
inline bool fits(const tinynn::kernels::WindowAxis& axis) {
  if (axis.in + axis.before + axis.after < axis.reach()) return false;
  for (int64_t i = 0; i < axis.out(); ++i) {
    bool sees = false;
    for (int64_t k = 0; k < axis.kernel; ++k) {
      const int64_t at = i * axis.stride - axis.before + k * axis.dilation;
      sees = sees || (at >= 0 && at < axis.in);
    }
    if (!sees) return false;
  }
  return true;
}

inline tinynn::kernels::Pool2dSizes draw_pool2d_sizes(Draw& draw) {
  while (true) {
    tinynn::kernels::Pool2dSizes s{};
    s.planes = draw.between(1, 6);
    s.h = draw.between(1, 12);
    s.w = draw.between(1, 12);
    s.kernel = draw_size2(draw, 1, 4);
    s.stride = draw_size2(draw, 1, 4);
    s.padding = draw_pool_padding(draw, s.kernel);
    s.dilation = draw.chance(0.7) ? 1 : draw_size2(draw, 1, 3);
    if (fits(s.rows()) && fits(s.columns())) return s;
  }
}

}  // namespace test
