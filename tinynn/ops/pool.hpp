#pragma once

#include <array>

#include <tinynn/core/tensor.hpp>

namespace tinynn {

struct Pool2dOptions {
  int64_t stride = 0;  // 0: as the kernel, so that windows do not overlap
  int64_t padding = 0;
};

/// The largest element of every kernel x kernel window: x (n, c, h, w), result (n, c, oh, ow) with
/// oh = (h + 2 padding - kernel) / stride + 1, rounded down, ow likewise.
/// Throws Error if the window does not fit. torch.nn.functional.max_pool2d.
Tensor max_pool2d(const Tensor& x, int64_t kernel, const Pool2dOptions& options = {});

struct AvgPool2dOptions {
  int64_t stride = 0;  // 0: as the kernel
  int64_t padding = 0;
  bool count_include_pad = true;  // padding counts as zeros; false: the mean of what lies inside the image
};

/// The mean of every kernel x kernel window; shapes and errors as of max_pool2d.
/// torch.nn.functional.avg_pool2d.
Tensor avg_pool2d(const Tensor& x, int64_t kernel, const AvgPool2dOptions& options = {});

/// The mean of windows that cut x (n, c, h, w) into size[0] x size[1], result (n, c, size[0], size[1]):
/// output row i covers the rows from i h / size[0], rounded down, to (i + 1) h / size[0], rounded up; columns
/// likewise. Throws Error if x is no image or a size is below 1. torch.nn.functional.adaptive_avg_pool2d.
Tensor adaptive_avg_pool2d(const Tensor& x, const std::array<int64_t, 2>& size);

}  // namespace tinynn
