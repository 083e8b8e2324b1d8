#pragma once

#include <tinynn/core/size2.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn {

struct Conv2dOptions {
  Size2 stride = 1;
  Padding2d padding = 0;  // zeros on every side
  Size2 dilation = 1;
  int64_t groups = 1;
};

/// 2-D cross-correlation: x (n, c, h, w), weight (o, c/groups, kh, kw), bias (o) or undefined, result
/// (n, o, oh, ow) with oh = (h + top + bottom - dilation.h (kh - 1) - 1) / stride.h + 1, rounded down, ow
/// likewise. Throws Error if they do not fit. torch.nn.functional.conv2d; sides that are padded differently
/// are torch.nn.functional.pad.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              const Conv2dOptions& options = {});

/// The groups of a convolution, from the shapes of its input and weight.
inline int64_t conv2d_groups(const Shape& x, const Shape& weight) {
  return weight[1] == 0 ? 1 : x[1] / weight[1];
}

}  // namespace tinynn
