#pragma once

#include <array>

#include <tinynn/core/size2.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn {

struct Pool2dOptions {
  Size2 stride = 0;  // 0: as the kernel, so that windows do not overlap
  Padding2d padding = 0;
  Size2 dilation = 1;
};

/// The largest element of every window of kernel.h x kernel.w pixels: x (n, c, h, w), result (n, c, oh, ow)
/// with oh = (h + top + bottom - dilation.h (kernel.h - 1) - 1) / stride.h + 1, rounded down, ow likewise.
/// Throws Error if the window does not fit, if a side is padded by more than half of it, or if a window sees
/// no pixel. torch.nn.functional.max_pool2d.
Tensor max_pool2d(const Tensor& x, const Size2& kernel, const Pool2dOptions& options = {});

struct AvgPool2dOptions {
  Size2 stride = 0;  // 0: as the kernel
  Padding2d padding = 0;
  bool count_include_pad = true;  // padding counts as zeros; false: the mean of what lies inside the image
};

/// The mean of every window; shapes and errors as of max_pool2d. torch.nn.functional.avg_pool2d.
Tensor avg_pool2d(const Tensor& x, const Size2& kernel, const AvgPool2dOptions& options = {});

/// The mean of windows that cut x (n, c, h, w) into size[0] x size[1], result (n, c, size[0], size[1]):
/// output row i covers the rows from i h / size[0], rounded down, to (i + 1) h / size[0], rounded up; columns
/// likewise. Throws Error if x is no image or a size is below 1. torch.nn.functional.adaptive_avg_pool2d.
Tensor adaptive_avg_pool2d(const Tensor& x, const std::array<int64_t, 2>& size);

/// The largest element of the same windows, NaN if there is one; errors likewise.
/// torch.nn.functional.adaptive_max_pool2d.
Tensor adaptive_max_pool2d(const Tensor& x, const std::array<int64_t, 2>& size);

struct Pool1dOptions {
  int64_t stride = 0;  // 0: as the kernel
  int64_t padding = 0;
  int64_t dilation = 1;
};

struct AvgPool1dOptions {
  int64_t stride = 0;  // 0: as the kernel
  int64_t padding = 0;
  bool count_include_pad = true;
};

// The same of sequences (n, c, l).

/// torch.nn.functional.max_pool1d
Tensor max_pool1d(const Tensor& x, int64_t kernel, const Pool1dOptions& options = {});
/// torch.nn.functional.avg_pool1d
Tensor avg_pool1d(const Tensor& x, int64_t kernel, const AvgPool1dOptions& options = {});
/// torch.nn.functional.adaptive_avg_pool1d
Tensor adaptive_avg_pool1d(const Tensor& x, int64_t size);

}  // namespace tinynn
