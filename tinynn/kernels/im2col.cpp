#include <algorithm>

#include <tinynn/core/buffer.hpp>
#include <tinynn/kernels/im2col.hpp>
#include <tinynn/kernels/simd/isa.hpp>

namespace tinynn::kernels {
namespace {

// Calls element(channel, i, j, results inside along rows and columns) for every element of a window.
template <class Element>
void for_each_element(const Conv2dSizes& s, int64_t channels, const Element& element) {
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t i = 0; i < s.kh; ++i) {
      for (int64_t j = 0; j < s.kw; ++j) element(c, i, j, s.rows().inside(i), s.columns().inside(j));
    }
  }
}

// Where in x (channels, h, w) element (i, j) of result (y, 0) is; it may be in the padding.
int64_t place(const Conv2dSizes& s, int64_t c, int64_t y, int64_t i, int64_t j) {
  return (c * s.h + s.rows().first(i) + y * s.stride.h) * s.w + s.columns().first(j);
}

}  // namespace

void im2col(const Conv2dSizes& s, int64_t channels, const float* x, float* columns) {
  const int64_t oh = s.oh(), ow = s.ow(), step = s.stride.w;
  for_each_element(s, channels,
                   [&](int64_t c, int64_t i, int64_t j, const Inside& rows, const Inside& range) {
                     for (int64_t y = 0; y < oh; ++y, columns += ow) {
                       if (y < rows.begin || y >= rows.end) {
                         std::fill_n(columns, ow, 0.0F);
                         continue;
                       }
                       const float* from = x + place(s, c, y, i, j);
                       std::fill_n(columns, range.begin, 0.0F);
                       if (step == 1) {
                         std::copy_n(from + range.begin, range.length(), columns + range.begin);
                       } else {
                         for (int64_t k = range.begin; k < range.end; ++k) columns[k] = from[k * step];
                       }
                       std::fill_n(columns + range.end, ow - range.end, 0.0F);
                     }
                   });
}

namespace {

void col2im_strided(const Conv2dSizes& s, int64_t channels, const float* columns, float* x) {
  const int64_t ow = s.ow(), step = s.stride.w;
  for_each_element(s, channels,
                   [&](int64_t c, int64_t i, int64_t j, const Inside& rows, const Inside& range) {
                     for (int64_t y = rows.begin; y < rows.end; ++y) {
                       float* to = x + place(s, c, y, i, j);
                       for (int64_t k = range.begin; k < range.end; ++k) to[k * step] += columns[y * ow + k];
                     }
                     columns += s.oh() * ow;
                   });
}

}  // namespace

void col2im(const Conv2dSizes& s, int64_t channels, const float* columns, float* x) {
  std::fill_n(x, channels * s.h * s.w, 0.0F);
  if (s.stride != Size2(1)) return col2im_strided(s, channels, columns, x);
  // Elements of one kernel column add up first, as they lie, for their rows follow one another; then their
  // sum is shifted to its place. To add each to pixels of its own would wait for the additions before it.
  const int64_t ow = s.ow(), positions = s.oh() * ow, height = s.h + s.padding.h();
  const Inside rows(-s.padding.top, 1, s.h, height);
  const Buffer sum(height * ow);
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t j = 0; j < s.kw; ++j) {
      std::fill_n(sum.data(), height * ow, 0.0F);
      for (int64_t i = 0; i < s.kh; ++i) {
        simd::table().add_rows(1, positions, columns + ((c * s.kh + i) * s.kw + j) * positions, 0,
                               sum.data() + i * s.dilation.h * ow, 0);
      }
      const Inside range = s.columns().inside(j);
      simd::table().add_rows(rows.length(), range.length(), sum.data() + rows.begin * ow + range.begin, ow,
                             x + place(s, c, rows.begin, 0, j) + range.begin, s.w);
    }
  }
}

}  // namespace tinynn::kernels
