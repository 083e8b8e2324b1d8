#pragma once

#include <tinynn/core/tensor.hpp>

namespace tinynn {

/// x where it is positive, weight * x elsewhere (He et al. 2015): weight is (1), one slope for all, or (c),
/// one for each channel of x (n, c, ...). At 0 the derivative is the slope, as in PyTorch. Throws Error if
/// the weight is neither. torch.nn.functional.prelu.
Tensor prelu(const Tensor& x, const Tensor& weight);

}  // namespace tinynn
