#pragma once

#include <tinynn/core/size2.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn {

struct ConvTranspose2dOptions {
  Size2 stride = 1;
  Padding2d padding = 0;     // how much of the result is cut off on every side
  Size2 output_padding = 0;  // rows and columns that are added at the end; fewer than the stride
  Size2 dilation = 1;
  int64_t groups = 1;
};

/// The gradient of conv2d by its input, as a layer of its own (Zeiler et al. 2010): x (n, c, h, w), weight
/// (c, o/groups, kh, kw), bias (o) or undefined, result (n, o, oh, ow) with oh = (h - 1) stride.h - top -
/// bottom + dilation.h (kh - 1) + output_padding.h + 1, ow likewise. Throws Error if they do not fit.
/// torch.nn.functional.conv_transpose2d, whose output_padding may also be less than the dilation alone.
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTranspose2dOptions& options = {});

}  // namespace tinynn
