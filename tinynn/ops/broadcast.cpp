#include <algorithm>
#include <vector>

#include <tinynn/core/error.hpp>
#include <tinynn/ops/broadcast.hpp>

namespace tinynn::detail {
namespace {

Shape broadcast_shapes(const char* operation, const Shape& a, const Shape& b) {
  const int64_t rank = std::max(a.rank(), b.rank());
  std::vector<int64_t> sizes;
  for (int64_t d = -rank; d < 0; ++d) {
    const int64_t size_a = -d <= a.rank() ? a[d] : 1, size_b = -d <= b.rank() ? b[d] : 1;
    check(size_a == size_b || size_a == 1 || size_b == 1, operation, ": shapes ", a, " and ", b,
          " do not broadcast");
    sizes.push_back(size_a == 1 ? size_b : size_a);
  }
  return Shape(sizes);
}

}  // namespace

Broadcast::Broadcast(const char* operation, const Shape& a, const Shape& b)
    : shape(broadcast_shapes(operation, a, b)),
      walk(shape, kernels::broadcast_strides(a, shape), kernels::broadcast_strides(b, shape)) {}

Tensor sum_to(const Tensor& grad, const Shape& shape) {
  if (grad.shape() == shape) return grad;
  if (grad.numel() == shape.numel()) return grad.detach_as(shape);
  Tensor result(shape);
  const kernels::Strided walk(grad.shape(), kernels::broadcast_strides(shape, grad.shape()));
  kernels::sum(walk, grad.data(), 1, result.numel(), result.mutable_data());
  return result;
}

}  // namespace tinynn::detail
