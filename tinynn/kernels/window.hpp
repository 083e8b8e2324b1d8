// How a window moves along one axis of an image, for convolutions and pooling.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tinynn::kernels {

/// The least multiple of `unit` that is at least `value`.
inline int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

/// The numbers i in [0, count) for which first + i * stride lies in [0, size).
struct Inside {
  int64_t begin, end;
  Inside(int64_t first, int64_t stride, int64_t size, int64_t count)
      : begin(first >= 0 ? 0 : std::min(count, (-first + stride - 1) / stride)),
        end(std::max(begin, first >= size ? 0 : std::min(count, (size - 1 - first) / stride + 1))) {}
  int64_t length() const { return end - begin; }
};

/// Result i takes for element k of the window the input i * stride + k * dilation - before; `before` and
/// `after` are the padding.
struct WindowAxis {
  int64_t in, kernel, stride, dilation, before, after;

  int64_t reach() const { return dilation * (kernel - 1) + 1; }  // of a window
  int64_t out() const { return (in + before + after - reach()) / stride + 1; }
  /// Where element k is of result 0.
  int64_t first(int64_t k) const { return k * dilation - before; }
  /// The results whose element k lies in the image.
  Inside inside(int64_t k) const { return {first(k), stride, in, out()}; }
};

}  // namespace tinynn::kernels
