// Broadcasting as in NumPy and PyTorch: shapes are aligned at their last dimension, and a dimension of size 1
// or one that is missing is repeated. For the implementation of operations.
#pragma once

#include <tinynn/core/tensor.hpp>
#include <tinynn/kernels/strided.hpp>

namespace tinynn::detail {

/// The shape of the result (torch.broadcast_shapes), and the walk over it and both operands.
struct Broadcast {
  /// Throws Error if there is none: "add: shapes (2, 3) and (4) do not broadcast".
  Broadcast(const char* operation, const Shape& a, const Shape& b);
  Shape shape;
  kernels::Strided walk;
};

/// A gradient of the broadcast shape, summed (in double) to that of the input; itself if the shapes agree.
Tensor sum_to(const Tensor& grad, const Shape& shape);

}  // namespace tinynn::detail
