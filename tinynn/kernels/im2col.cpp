#include <algorithm>

#include <tinynn/kernels/im2col.hpp>

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

// Calls row(column row, image row, inside) for every kernel element and output row: both directions share it.
template <class Row>
void for_each_row(const Conv2dSizes& s, int64_t channels, const Row& row) {
  const int64_t oh = s.oh(), ow = s.ow();
  for (int64_t c = 0, r = 0; c < channels; ++c) {
    for (int64_t i = 0; i < s.kh; ++i) {
      for (int64_t j = 0; j < s.kw; ++j, ++r) {
        const int64_t y0 = i * s.dilation - s.padding, x0 = j * s.dilation - s.padding;
        const Inside rows(y0, s.h, s.stride, oh), columns(x0, s.w, s.stride, ow);
        for (int64_t y = 0; y < oh; ++y) {
          const bool inside = y >= rows.first && y < rows.last;
          row((r * oh + y) * ow, inside ? (c * s.h + y0 + y * s.stride) * s.w + x0 : -1, inside, columns);
        }
      }
    }
  }
}

}  // namespace

void im2col(const Conv2dSizes& s, int64_t channels, const float* x, float* columns) {
  const int64_t ow = s.ow();
  for_each_row(s, channels, [&](int64_t to, int64_t from, bool inside, const Inside& range) {
    float* out = columns + to;
    if (!inside) {
      std::fill_n(out, ow, 0.0F);
      return;
    }
    std::fill_n(out, range.first, 0.0F);
    if (s.stride == 1) {
      std::copy_n(x + from + range.first, range.last - range.first, out + range.first);
    } else {
      for (int64_t i = range.first; i < range.last; ++i) out[i] = x[from + i * s.stride];
    }
    std::fill_n(out + range.last, ow - range.last, 0.0F);
  });
}

void col2im(const Conv2dSizes& s, int64_t channels, const float* columns, float* x) {
  std::fill_n(x, channels * s.h * s.w, 0.0F);
  for_each_row(s, channels, [&](int64_t from, int64_t to, bool inside, const Inside& range) {
    if (!inside) return;
    for (int64_t i = range.first; i < range.last; ++i) x[to + i * s.stride] += columns[from + i];
  });
}

}  // namespace tinynn::kernels
