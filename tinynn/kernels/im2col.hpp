// im2col: the windows that a convolution looks at, laid out as a matrix, and back.
#pragma once

#include <tinynn/kernels/conv2d.hpp>

namespace tinynn::kernels {

/// columns (channels*kh*kw, oh*ow) from x (channels, h, w), a group of channels of one sample. Padding is
/// zero.
void im2col(const Conv2dSizes& s, int64_t channels, const float* x, float* columns);
/// The transpose: adds every column entry to the pixel that it came from; x is overwritten.
void col2im(const Conv2dSizes& s, int64_t channels, const float* columns, float* x);

}  // namespace tinynn::kernels
