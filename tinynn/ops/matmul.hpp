#pragma once

#include <tinynn/core/tensor.hpp>

namespace tinynn {

/// The matrix product: a (..., m, k), b (..., k, p), result (..., m, p), where the leading dimensions
/// broadcast. A vector counts as a row on the left and as a column on the right, and its dimension is gone
/// from the result: (k) times (k) is the scalar product. Throws Error if they do not fit. torch.matmul.
Tensor matmul(const Tensor& a, const Tensor& b);

}  // namespace tinynn
