#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/kernels/strided.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn {
namespace {

// The shape and the numbers of x with dims[d] as dimension d; `dims` must be right.
Tensor permuted(const Tensor& x, const std::vector<int64_t>& dims) {
  std::vector<int64_t> sizes;
  kernels::Strided::Strides strides{};
  for (const int64_t dim : dims) {
    strides[sizes.size()] = x.shape().inner(dim);
    sizes.push_back(x.size(dim));
  }
  Tensor y{Shape(sizes)};
  kernels::gather(kernels::Strided(y.shape(), strides), x.data(), y.mutable_data());
  return y;
}

std::vector<int64_t> inverse(const std::vector<int64_t>& dims) {
  std::vector<int64_t> result(dims.size());
  for (size_t d = 0; d < dims.size(); ++d) {
    result[static_cast<size_t>(dims[d])] = static_cast<int64_t>(d);
  }
  return result;
}

}  // namespace

Tensor reshape(const Tensor& x, const Shape& shape) {
  static const autograd::Op op{"reshape"};
  check(shape.numel() == x.numel(), "reshape: ", x.shape(), " has ", x.numel(), " elements, ", shape, " has ",
        shape.numel());
  const Tensor y = x.view(shape);
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

Tensor squeeze(const Tensor& x, int64_t dim) {
  check(x.size(dim) == 1, "squeeze: dimension ", dim, " of ", x.shape(), " is not of size 1");
  std::vector<int64_t> sizes(x.shape().begin(), x.shape().end());
  sizes.erase(sizes.begin() + x.shape().index(dim));
  return reshape(x, Shape(sizes));
}

Tensor unsqueeze(const Tensor& x, int64_t dim) {
  check(dim >= -x.rank() - 1 && dim <= x.rank(), "unsqueeze: no place ", dim, " for a dimension in ",
        x.shape());
  std::vector<int64_t> sizes(x.shape().begin(), x.shape().end());
  sizes.insert(sizes.begin() + (dim < 0 ? dim + x.rank() + 1 : dim), 1);
  return reshape(x, Shape(sizes));
}

Tensor permute(const Tensor& x, const std::vector<int64_t>& dims) {
  static const autograd::Op op{"permute"};
  std::vector<int64_t> order;
  for (const int64_t dim : dims) order.push_back(x.shape().index(dim));
  auto sorted = order;
  std::ranges::sort(sorted);
  check(static_cast<int64_t>(order.size()) == x.rank() && std::ranges::adjacent_find(sorted) == sorted.end(),
        "permute: ", dims.size(), " dimensions for shape ", x.shape(), ": expected each of its ", x.rank(),
        " once");
  // grad_x = grad_y with its dimensions put back
  return autograd::record(op, permuted(x, order), {x}, [x, back = inverse(order)](const Tensor& grad_y) {
    autograd::accumulate_grad(x, permuted(grad_y, back));
  });
}

Tensor transpose(const Tensor& x, int64_t a, int64_t b) {
  static const autograd::Op op{"transpose"};
  std::vector<int64_t> order(static_cast<size_t>(x.rank()));
  std::iota(order.begin(), order.end(), int64_t{0});
  std::swap(order[static_cast<size_t>(x.shape().index(a))], order[static_cast<size_t>(x.shape().index(b))]);
  // grad_x = grad_y with the same two dimensions swapped
  return autograd::record(op, permuted(x, order), {x}, [x, order](const Tensor& grad_y) {
    autograd::accumulate_grad(x, permuted(grad_y, order));
  });
}

}  // namespace tinynn
