// Operations that rename or reorder dimensions without computing anything. Dimensions may be negative (from
// the end); all throw Error on one that is not there.
#pragma once

#include <vector>

#include <tinynn/core/tensor.hpp>

namespace tinynn {

/// The same elements in another shape; one size may be -1 and is worked out. Shares the numbers.
/// Throws Error if the element counts differ. torch.reshape.
Tensor reshape(const Tensor& x, std::initializer_list<int64_t> sizes);
Tensor reshape(const Tensor& x, const Shape& shape);
/// Joins the dimensions `start` to the last into one: (n, c, h, w) becomes (n, c*h*w).
/// torch.nn.Flatten, whose default start is 1 too.
Tensor flatten(const Tensor& x, int64_t start = 1);
/// Drops a dimension of size 1; a reshape. Throws Error if its size is another. torch.squeeze(x, dim).
Tensor squeeze(const Tensor& x, int64_t dim);
/// Inserts a dimension of size 1 so that it becomes number `dim`; a reshape. torch.unsqueeze.
Tensor unsqueeze(const Tensor& x, int64_t dim);

/// The dimensions in another order: the result's dimension d is x's dimension dims[d]. A copy, for tensors
/// are dense. Throws Error unless every dimension is named once. torch.permute.
Tensor permute(const Tensor& x, const std::vector<int64_t>& dims);
/// Two dimensions swapped. A copy. torch.transpose.
Tensor transpose(const Tensor& x, int64_t a, int64_t b);

}  // namespace tinynn
