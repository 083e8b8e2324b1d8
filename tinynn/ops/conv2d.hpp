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

struct Conv1dOptions {
  int64_t stride = 1;
  int64_t padding = 0;  // zeros at both ends
  int64_t dilation = 1;
  int64_t groups = 1;
};

/// 1-D cross-correlation: x (n, c, l), weight (o, c/groups, k), bias (o) or undefined, result (n, o, ol) with
/// ol = (l + 2 padding - dilation (k - 1) - 1) / stride + 1, rounded down. Throws Error if they do not fit.
/// torch.nn.functional.conv1d.
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              const Conv1dOptions& options = {});

/// The groups of a convolution, from the shapes of its input and weight.
inline int64_t conv_groups(const Shape& x, const Shape& weight) {
  return weight[1] == 0 ? 1 : x[1] / weight[1];
}
/// The same for a layer, so that cutting its channels needs no record of the groups. One that was made
/// without groups stays so: an input with too many channels is an error, not a grouped convolution. Throws
/// Error if x does not fit the weight.
int64_t conv_groups(const char* layer, bool grouped, const Shape& x, const Shape& weight);

}  // namespace tinynn
