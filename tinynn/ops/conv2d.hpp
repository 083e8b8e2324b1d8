#pragma once

#include <tinynn/core/tensor.hpp>

namespace tinynn {

struct Conv2dOptions {
  int64_t stride = 1;
  int64_t padding = 0;  // zeros on every side
  int64_t dilation = 1;
  int64_t groups = 1;
};

/// 2-D cross-correlation: x (n, c, h, w), weight (o, c/groups, kh, kw), bias (o) or undefined, result
/// (n, o, oh, ow) with oh = (h + 2 padding - dilation (kh - 1) - 1) / stride + 1, rounded down, ow likewise.
/// Throws Error if they do not fit. torch.nn.functional.conv2d.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              const Conv2dOptions& options = {});

/// The groups of a convolution, from the shapes of its input and weight.
inline int64_t conv2d_groups(const Shape& x, const Shape& weight) { return x[1] / weight[1]; }

}  // namespace tinynn
