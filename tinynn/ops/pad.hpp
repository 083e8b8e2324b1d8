// Operations that make images and sequences larger without computing anything.
#pragma once

#include <vector>

#include <tinynn/core/size2.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn {

/// x with `value` around it: `pads` is how many before and after, for the last dimension, then the one before
/// it, and so on: {left, right, top, bottom} of images. Throws Error on a negative number, on an odd count,
/// or on more than x has dimensions. torch.nn.functional.pad(mode = "constant").
Tensor pad(const Tensor& x, const std::vector<int64_t>& pads, double value = 0);

/// Each pixel `scale` times in each direction: x (n, c, h, w) to (n, c, h scale.h, w scale.w), or (n, c, l)
/// to (n, c, l scale.w). Throws Error if x is neither or the scale is below 1.
/// torch.nn.functional.interpolate(mode = "nearest") with a whole scale_factor.
Tensor upsample_nearest(const Tensor& x, const Size2& scale);

}  // namespace tinynn
