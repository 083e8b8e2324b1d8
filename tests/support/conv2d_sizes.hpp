// Random sizes for convolutions, with all the corners that people get wrong: dimensions of 1, windows wider
// than the image that only padding makes fit, strides that leave a rest, dilation, groups and depthwise; each
// of them per axis or side.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>

#include <tinynn/kernels/conv2d.hpp>

#include "tests/support/draw.hpp"
#include "tests/support/pool2d_sizes.hpp"

namespace test {

/// Whether the kernel lies within the padded image.
inline bool fits(const tinynn::kernels::Conv2dSizes& s) {
  return s.h + s.padding.h() >= s.rows().reach() && s.w + s.padding.w() >= s.columns().reach();
}

/// The same on all sides, as most layers have it, along each axis, or another on each side.
inline tinynn::Padding2d draw_padding(Draw& draw, int64_t most) {
  const auto side = [&] { return draw.between(0, most); };
  if (draw.coin()) return draw.coin() ? 0 : side();
  const int64_t top = side(), left = side();
  return {top, draw.coin() ? top : side(), left, draw.coin() ? left : side()};
}

inline tinynn::kernels::Conv2dSizes draw_conv2d_sizes(Draw& draw) {
  while (true) {
    tinynn::kernels::Conv2dSizes s{};
    s.groups = draw.coin() ? 1 : draw.between(1, 4);
    const bool depthwise = draw.chance(0.2);
    s.c = s.groups * (depthwise ? 1 : draw.between(1, 4));
    s.o = s.groups * (depthwise ? 1 : draw.between(1, 5));
    s.n = draw.between(1, 5);
    s.h = draw.between(1, 11);
    s.w = draw.between(1, 11);
    s.kh = draw.between(1, 5);
    s.kw = draw.coin() ? s.kh : draw.between(1, 5);
    s.stride = draw.coin() ? 1 : draw_size2(draw, 1, 4);
    s.padding = draw_padding(draw, 5);
    s.dilation = draw.chance(0.7) ? 1 : draw_size2(draw, 1, 3);
    if (fits(s)) return s;
  }
}

inline std::string describe(const tinynn::kernels::Conv2dSizes& s) {
  std::ostringstream text;
  text << "x (" << s.n << ", " << s.c << ", " << s.h << ", " << s.w << "), weight (" << s.o << ", "
       << s.c / s.groups << ", " << s.kh << ", " << s.kw << "), stride " << s.stride << ", padding "
       << s.padding << ", dilation " << s.dilation << ", groups " << s.groups;
  return text.str();
}

}  // namespace test
