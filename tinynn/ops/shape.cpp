#include <algorithm>
#include <vector>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn {

Tensor reshape(const Tensor& x, const Shape& shape) {
  static const autograd::Op op{"reshape"};
  check(shape.numel() == x.numel(), "reshape: ", x.shape(), " has ", x.numel(), " elements, ", shape, " has ",
        shape.numel());
  Tensor y(std::make_shared<detail::TensorImpl>(shape, x.handle()->buffer));
  return autograd::record(
      op, y, {x}, [x](const Tensor& grad_y) { autograd::accumulate_grad(x, reshape(grad_y, x.shape())); });
}

Tensor reshape(const Tensor& x, std::initializer_list<int64_t> sizes) {
  std::vector<int64_t> known(sizes);
  const auto unknown = std::ranges::find(known, -1);
  if (unknown == known.end()) return reshape(x, Shape(sizes));
  *unknown = 1;
  const Shape rest(known);  // refuses a second -1
  check(rest.numel() > 0 && x.numel() % rest.numel() == 0, "reshape: ", x.shape(),
        " cannot be cut into pieces of ", rest.numel(), " elements");
  *unknown = x.numel() / rest.numel();
  return reshape(x, Shape(known));
}

Tensor flatten(const Tensor& x, int64_t start) {
  const int64_t first = x.shape().index(start);
  std::vector<int64_t> sizes(x.shape().begin(), x.shape().begin() + first);
  sizes.push_back(x.shape()[first] * x.shape().inner(first));
  return reshape(x, Shape(sizes));
}

}  // namespace tinynn
