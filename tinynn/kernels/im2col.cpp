#include <algorithm>

#include <tinynn/core/buffer.hpp>
#include <tinynn/kernels/im2col.hpp>
#include <tinynn/kernels/simd/isa.hpp>

namespace tinynn::kernels {
namespace {

// The output positions [first, last) along one axis whose window element at `offset` lies inside [0, size).
struct Inside {
  int64_t first, last;
  Inside(int64_t offset, int64_t size, int64_t stride, int64_t outputs)
      : first(offset >= 0 ? 0 : (-offset + stride - 1) / stride),
        last(offset >= size ? 0 : std::min(outputs, (size - 1 - offset) / stride + 1)) {
    first = std::min(first, outputs);
    last = std::max(first, last);
  }
};

// Calls element(channel, first row and column of the image, rows and columns inside) for every element of a
// window.
template <class Element>
void for_each_element(const Conv2dSizes& s, int64_t channels, const Element& element) {
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t i = 0; i < s.kh; ++i) {
      for (int64_t j = 0; j < s.kw; ++j) {
        const int64_t y0 = i * s.dilation - s.padding, x0 = j * s.dilation - s.padding;
        element(c, y0, x0, Inside(y0, s.h, s.stride, s.oh()), Inside(x0, s.w, s.stride, s.ow()));
      }
    }
  }
}

}  // namespace

void im2col(const Conv2dSizes& s, int64_t channels, const float* x, float* columns) {
  const int64_t oh = s.oh(), ow = s.ow();
  for_each_element(s, channels,
                   [&](int64_t c, int64_t y0, int64_t x0, const Inside& rows, const Inside& range) {
                     for (int64_t y = 0; y < oh; ++y, columns += ow) {
                       if (y < rows.first || y >= rows.last) {
                         std::fill_n(columns, ow, 0.0F);
                         continue;
                       }
                       const float* from = x + (c * s.h + y0 + y * s.stride) * s.w + x0;
                       std::fill_n(columns, range.first, 0.0F);
                       if (s.stride == 1) {
                         std::copy_n(from + range.first, range.last - range.first, columns + range.first);
                       } else {
                         for (int64_t i = range.first; i < range.last; ++i) columns[i] = from[i * s.stride];
                       }
                       std::fill_n(columns + range.last, ow - range.last, 0.0F);
                     }
                   });
}

namespace {

void col2im_strided(const Conv2dSizes& s, int64_t channels, const float* columns, float* x) {
  for_each_element(s, channels,
                   [&](int64_t c, int64_t y0, int64_t x0, const Inside& rows, const Inside& range) {
                     for (int64_t y = 0; y < s.oh(); ++y, columns += s.ow()) {
                       if (y < rows.first || y >= rows.last) continue;
                       float* to = x + (c * s.h + y0 + y * s.stride) * s.w + x0;
                       for (int64_t i = range.first; i < range.last; ++i) to[i * s.stride] += columns[i];
                     }
                   });
}

}  // namespace

void col2im(const Conv2dSizes& s, int64_t channels, const float* columns, float* x) {
  std::fill_n(x, channels * s.h * s.w, 0.0F);
  if (s.stride > 1) return col2im_strided(s, channels, columns, x);
  // Elements of one kernel column add up first, as they lie, for their rows follow one another; then their
  // sum is shifted to its place. To add each to pixels of its own would wait for the additions before it.
  const int64_t oh = s.oh(), ow = s.ow(), height = oh + (s.kh - 1) * s.dilation;  // with padding
  const Inside rows(-s.padding, s.h, 1, height);
  const Buffer sum(height * ow);
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t j = 0; j < s.kw; ++j) {
      std::fill_n(sum.data(), height * ow, 0.0F);
      for (int64_t i = 0; i < s.kh; ++i) {
        simd::table().add_rows(1, oh * ow, columns + ((c * s.kh + i) * s.kw + j) * oh * ow, 0,
                               sum.data() + i * s.dilation * ow, 0);
      }
      const int64_t left = j * s.dilation - s.padding;
      const Inside range(left, s.w, 1, ow);
      simd::table().add_rows(rows.last - rows.first, range.last - range.first,
                             sum.data() + rows.first * ow + range.first, ow,
                             x + (c * s.h + rows.first - s.padding) * s.w + left + range.first, s.w);
    }
  }
}

}  // namespace tinynn::kernels
