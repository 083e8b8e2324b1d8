#pragma once

#include <tinynn/core/tensor.hpp>

namespace tinynn {

/// In training, zeroes each element with probability p and multiplies the others by 1 / (1 - p), so that the
/// expected value stays; otherwise x as it is. Which ones is decided by the default generator's next stream.
/// Throws Error unless 0 <= p <= 1. torch.nn.functional.dropout.
Tensor dropout(const Tensor& x, double p = 0.5, bool training = true);

}  // namespace tinynn
