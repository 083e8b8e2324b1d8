// Operations that move or rename elements without computing anything.
#pragma once

#include <tinynn/core/tensor.hpp>

namespace tinynn {

/// The same elements in another shape; one size may be -1 and is worked out. Shares the numbers.
/// Throws Error if the element counts differ. torch.reshape.
Tensor reshape(const Tensor& x, std::initializer_list<int64_t> sizes);
Tensor reshape(const Tensor& x, const Shape& shape);
/// Joins the dimensions `start` to the last into one: (n, c, h, w) becomes (n, c*h*w).
/// torch.nn.Flatten, whose default start is 1 too.
Tensor flatten(const Tensor& x, int64_t start = 1);

}  // namespace tinynn
