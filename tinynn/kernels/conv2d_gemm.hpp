// Convolution as products with a matrix of windows that are laid out one by one (im2col), and, for the
// gradient of the input, back (col2im); with the contracts of conv2d.hpp.
#pragma once

#include <tinynn/kernels/conv2d.hpp>

namespace tinynn::kernels {

/// columns (channels*kh*kw, oh*ow) from x (channels, h, w), a group of channels of one sample. Padding is
/// zero.
void im2col(const Conv2dSizes& s, int64_t channels, const float* x, float* columns);
/// The transpose: adds every column entry to the pixel that it came from; x is overwritten.
void col2im(const Conv2dSizes& s, int64_t channels, const float* columns, float* x);

namespace by_gemm {
void conv2d_forward(const Conv2dSizes& s, const float* x, const float* weight, const float* bias, float* y);
void conv2d_backward_input(const Conv2dSizes& s, const float* grad_y, const float* weight, float* grad_x,
                           const SparsePattern* live);
void conv2d_backward_weight(const Conv2dSizes& s, const float* grad_y, const float* x, float* grad_weight);
}  // namespace by_gemm

}  // namespace tinynn::kernels
