#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/kernels/strided.hpp>
#include <tinynn/ops/registry.hpp>
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
    result[dims[d]] = static_cast<int64_t>(d);
  }
  return result;
}

// Dimensions lo..hi of x that hold the same elements as dimensions lo..hi of y.
struct Block {
  int64_t x_begin, x_end, y_begin, y_end, size;
};

std::vector<Block> common_blocks(const Shape& x, const Shape& y) {
  std::vector<Block> blocks;
  for (int64_t i = 0, j = 0; i < x.rank() || j < y.rank();) {
    Block block{i, i, j, j, 1};
    int64_t in_y = 1;
    do {
      if (i < x.rank() && (block.size <= in_y || j == y.rank())) {
        block.size *= x[i++];
      } else {
        in_y *= y[j++];
      }
    } while (block.size != in_y);
    block.x_end = i;
    block.y_end = j;
    blocks.push_back(block);
  }
  return blocks;
}

// Within a block, a channel of x dies with all elements of the result that it is spread over. Sizes that the
// caller wrote ("size", but for -1) would be wrong after a cut.
void reshape_channels(autograd::Channels& c) {
  using autograd::Link, autograd::result;
  const Shape &x = *c.shape(0), &y = *c.shape(result);
  const auto sizes = c.attributes().list("size");
  const auto is_literal = [&](int64_t d) { return !sizes.empty() && sizes[d] != -1; };
  if (x.numel() == 0) return;
  for (const Block& block : common_blocks(x, y)) {
    int64_t cut = -1, removable = 0, to = -1;
    for (int64_t d = block.x_begin; d < block.x_end; ++d) {
      if (c.removable({0, d})) cut = d, ++removable;
    }
    for (int64_t d = block.y_begin; d < block.y_end; ++d) {
      if (!is_literal(d) && (to < 0 || y[d] > y[to])) to = d;
    }
    if (removable == 0) continue;
    const char* reason = removable > 1 ? "reshape joins two dimensions that could each be cut"
                         : to < 0      ? "reshape names this size: write -1 in its place"
                                       : nullptr;
    for (int64_t d = block.x_begin; reason != nullptr && d < block.x_end; ++d) c.pin({0, d}, reason);
    if (reason != nullptr) continue;
    const int64_t inner_x = Shape(std::span(x.begin() + cut, x.begin() + block.x_end)).inner(0);
    const int64_t inner_y = Shape(std::span(y.begin() + to, y.begin() + block.y_end)).inner(0);
    for (int64_t place = 0; place < block.size; ++place) {
      c.link(Link::carries, {0, cut}, place / inner_x % x[cut], {result, to}, place / inner_y % y[to]);
    }
  }
}

constexpr autograd::Properties reshapes{.channels = reshape_channels, .homogeneous = true, .moves = true};

// The same numbers in another shape.
Tensor reshaped(const Op& op, const Tensor& x, const std::vector<int64_t>& sizes,
                const autograd::Setting& setting) {
  const Shape shape(sizes);
  check(shape.numel() == x.numel(), "reshape: ", x.shape(), " has ", x.numel(), " elements, ", shape, " has ",
        shape.numel());
  const auto backward = [x = autograd::place_of(x)](const Tensor& grad_y) {
    autograd::accumulate_grad(x, grad_y.detach_as(x.shape()));
  };
  return autograd::record(op, x.detach_as(shape), {x}, backward, {setting});
}

Tensor reshape(const Tensor& x, std::span<const int64_t> sizes);

const Op reshape_op("reshape", reshapes, [](const auto& a) { return reshape(a[0], a.list("size")); });

// One of the sizes may be -1.
Tensor reshape(const Tensor& x, std::span<const int64_t> sizes) {
  std::vector<int64_t> known(sizes.begin(), sizes.end());
  if (const auto unknown = std::ranges::find(known, -1); unknown != known.end()) {
    *unknown = 1;
    const Shape rest(known);  // refuses a second -1
    check(rest.numel() > 0 && x.numel() % rest.numel() == 0, "reshape: ", x.shape(),
          " cannot be cut into pieces of ", rest.numel(), " elements");
    *unknown = x.numel() / rest.numel();
  }
  return reshaped(reshape_op, x, known, {"size", sizes});
}

void permute_channels(autograd::Channels& c) {
  for (int64_t d = 0; const int64_t from : c.attributes().list("dim")) {
    c.link(autograd::Link::carries, {0, from}, {autograd::result, d++});
  }
}

constexpr autograd::Properties permutes{.channels = permute_channels, .homogeneous = true, .moves = true};

// The dimensions of x in this order, which must be right.
Tensor in_order(const Op& op, const Tensor& x, const std::vector<int64_t>& order) {
  // grad_x = grad_y with its dimensions put back
  const auto backward = [x = autograd::place_of(x), back = inverse(order)](const Tensor& grad_y) {
    autograd::accumulate_grad(x, permuted(grad_y, back));
  };
  return autograd::record(op, permuted(x, order), {x}, backward, {{"dim", order}});
}

}  // namespace

Tensor reshape(const Tensor& x, const Shape& shape) {
  return reshape(x, std::span(shape.begin(), shape.end()));
}

Tensor reshape(const Tensor& x, std::initializer_list<int64_t> sizes) {
  return reshape(x, std::span(sizes.begin(), sizes.end()));
}

Tensor Tensor::view(std::initializer_list<int64_t> sizes) const { return reshape(*this, sizes); }

const Op flatten_op("flatten", reshapes, [](const auto& a) { return flatten(a[0], a.whole("start")); });

Tensor flatten(const Tensor& x, int64_t start) {
  const int64_t first = x.shape().index(start);
  std::vector<int64_t> sizes(x.shape().begin(), x.shape().begin() + first);
  sizes.push_back(x.shape()[first] * x.shape().inner(first));
  return reshaped(flatten_op, x, sizes, {"start", first});
}

const Op squeeze_op("squeeze", reshapes, [](const auto& a) { return squeeze(a[0], a.whole("dim")); });

Tensor squeeze(const Tensor& x, int64_t dim) {
  check(x.size(dim) == 1, "squeeze: dimension ", dim, " of ", x.shape(), " is not of size 1");
  std::vector<int64_t> sizes(x.shape().begin(), x.shape().end());
  sizes.erase(sizes.begin() + x.shape().index(dim));
  return reshaped(squeeze_op, x, sizes, {"dim", x.shape().index(dim)});
}

const Op unsqueeze_op("unsqueeze", reshapes, [](const auto& a) { return unsqueeze(a[0], a.whole("dim")); });

Tensor unsqueeze(const Tensor& x, int64_t dim) {
  check(dim >= -x.rank() - 1 && dim <= x.rank(), "unsqueeze: no place ", dim, " for a dimension in ",
        x.shape());
  const int64_t place = dim < 0 ? dim + x.rank() + 1 : dim;
  std::vector<int64_t> sizes(x.shape().begin(), x.shape().end());
  sizes.insert(sizes.begin() + place, 1);
  return reshaped(unsqueeze_op, x, sizes, {"dim", place});
}

namespace {

// The dimensions of x in an order that somebody gave, counted from the front.
std::vector<int64_t> order_of(const char* name, const Tensor& x, const std::vector<int64_t>& dims) {
  std::vector<int64_t> order;
  for (const int64_t dim : dims) order.push_back(x.shape().index(dim));
  auto sorted = order;
  std::ranges::sort(sorted);
  check(static_cast<int64_t>(order.size()) == x.rank() && std::ranges::adjacent_find(sorted) == sorted.end(),
        name, ": ", dims.size(), " dimensions for shape ", x.shape(), ": expected each of its ", x.rank(),
        " once");
  return order;
}

}  // namespace

const Op permute_op("permute", permutes, [](const auto& a) { return permute(a[0], a.list("dim")); });

Tensor permute(const Tensor& x, const std::vector<int64_t>& dims) {
  return in_order(permute_op, x, order_of("permute", x, dims));
}

const Op transpose_op("transpose", permutes, [](const auto& a) {
  return in_order(transpose_op, a[0], order_of("transpose", a[0], a.list("dim")));
});

Tensor transpose(const Tensor& x, int64_t a, int64_t b) {
  std::vector<int64_t> order(static_cast<size_t>(x.rank()));
  std::iota(order.begin(), order.end(), int64_t{0});
  std::swap(order[x.shape().index(a)], order[x.shape().index(b)]);
  return in_order(transpose_op, x, order);
}

std::vector<const Op*> ops::shape() {
  return {&reshape_op, &flatten_op, &squeeze_op, &unsqueeze_op, &permute_op, &transpose_op};
}

}  // namespace tinynn
