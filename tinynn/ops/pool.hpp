#pragma once

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

}  // namespace tinynn
