#include <tinynn/core/error.hpp>
#include <tinynn/prune/granularity.hpp>

namespace tinynn::prune {

Granularity element() { return {Granularity::Kind::element, 0}; }
Granularity slice(int64_t dim) { return {Granularity::Kind::slice, dim}; }
Granularity kernel() { return {Granularity::Kind::kernel, 0}; }

Granularity block(int64_t size) {
  check(size >= 1, "prune: blocks of ", size, " x ", size, ", expected 1 or more");
  return {Granularity::Kind::block, size};
}

std::vector<int64_t> Granularity::groups(const Shape& shape) const {
  std::vector<int64_t> groups(static_cast<size_t>(shape.numel()));
  const auto fill = [&](auto group_of) {
    for (int64_t i = 0; i < shape.numel(); ++i) groups[i] = group_of(i);
  };
  switch (kind_) {
    case Kind::element: fill([](int64_t i) { return i; }); break;
    case Kind::slice:
      fill([slices = Slices(shape, number_)](int64_t i) { return slices.slice_of(i); });
      break;
    case Kind::kernel:
      check(shape.rank() == 4, "prune: a weight of shape ", shape,
            " has no kernels, expected (o, c, kh, kw)");
      fill([inner = shape.inner(1)](int64_t i) { return i / inner; });
      break;
    case Kind::block: {
      check(shape.rank() >= 2, "prune: a weight of shape ", shape, " has no blocks, expected a matrix");
      const int64_t columns = shape.inner(0), across = (columns + number_ - 1) / number_;
      fill([=, size = number_](int64_t i) { return i / columns / size * across + i % columns / size; });
      break;
    }
  }
  return groups;
}

}  // namespace tinynn::prune
