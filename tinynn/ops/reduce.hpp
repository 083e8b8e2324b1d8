// Operations that make few numbers of many. `dims` may be negative (from the end); none means all of them.
// Reduced dimensions are gone from the result, or of size 1 with `keepdim`. Sums add up in double.
// Throws Error on a dimension that is not there or is named twice.
#pragma once

#include <vector>

#include <tinynn/core/targets.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn {

/// torch.sum
Tensor sum(const Tensor& x, const std::vector<int64_t>& dims = {}, bool keepdim = false);
/// NaN for the mean of nothing. torch.mean.
Tensor mean(const Tensor& x, const std::vector<int64_t>& dims = {}, bool keepdim = false);
/// The largest elements; NaN wins, and equal ones share the gradient. Throws Error if there are no elements
/// to choose from. torch.amax.
Tensor amax(const Tensor& x, const std::vector<int64_t>& dims = {}, bool keepdim = false);
/// The largest element of all, as amax. torch.max.
Tensor max(const Tensor& x);
/// The largest elements along one dimension, the first of which gets the gradient; NaN wins. Throws Error if
/// there are none to choose from. The values of torch.max(x, dim); argmax tells where they are.
Tensor max(const Tensor& x, int64_t dim, bool keepdim = false);

/// The column of the largest element of each row of x (n, classes), the first one on a tie.
/// Throws Error if x is not a matrix with at least one column. torch.argmax(dim = 1).
Labels argmax(const Tensor& x);
/// Where along `dim` the largest elements are, the first one on a tie, NaN before all; row by row.
/// Throws Error if there are none. torch.argmax, flattened.
Labels argmax(const Tensor& x, int64_t dim);

}  // namespace tinynn
