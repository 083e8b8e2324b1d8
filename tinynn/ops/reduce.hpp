#pragma once

#include <tinynn/core/labels.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn {

/// The column of the largest element of each row of x (n, classes), the first one on a tie.
/// Throws Error if x is not a matrix with at least one column. torch.argmax(dim = 1).
Labels argmax(const Tensor& x);

}  // namespace tinynn
