#pragma once

#include <tinynn/core/tensor.hpp>

namespace tinynn {

/// max(x, 0), elementwise; NaN stays NaN. torch.relu.
Tensor relu(const Tensor& x);

}  // namespace tinynn
