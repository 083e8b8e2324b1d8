// Operations that pick elements out of a tensor or put tensors together. Dimensions may be negative (from the
// end); all throw Error on one that is not there. Results are copies, for tensors are dense.
#pragma once

#include <vector>

#include <tinynn/core/tensor.hpp>

namespace tinynn {

/// The elements begin, begin + step, ... before `end` along one dimension. Negative ends count from the end,
/// and both are cut to what is there, as in Python. Throws Error if step < 1. x[begin:end:step] in PyTorch.
Tensor slice(const Tensor& x, int64_t dim, int64_t begin, int64_t end, int64_t step = 1);
/// `count` pieces of equal size along one dimension, one behind the other. Throws Error unless they come out
/// even. torch.chunk, whose last piece may be smaller.
std::vector<Tensor> chunk(const Tensor& x, int64_t count, int64_t dim = 0);
/// The slices `indices` along one dimension, in that order; one may come several times.
/// Throws Error if an index is not there. torch.index_select.
Tensor index_select(const Tensor& x, int64_t dim, const std::vector<int64_t>& indices);
/// Tensors one behind the other along one dimension.
/// Throws Error if there are none or if they differ in another dimension. torch.cat.
Tensor concat(const std::vector<Tensor>& tensors, int64_t dim);

/// The order that sorts each row of x (..., n): for every row n indices, that of the smallest element first.
/// Equal elements keep their order; NaN counts as the largest. torch.argsort(stable = True), flattened.
std::vector<int64_t> argsort(const Tensor& x, bool descending = false);

}  // namespace tinynn
