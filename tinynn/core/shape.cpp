#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <ostream>

#include <tinynn/core/error.hpp>
#include <tinynn/core/shape.hpp>

namespace tinynn {

Shape::Shape(std::span<const int64_t> sizes) : rank_(static_cast<int64_t>(sizes.size())) {
  check(rank_ <= max_rank, "shape: ", rank_, " dimensions, at most ", max_rank, " are supported");
  for (size_t d = 0; d < sizes.size(); ++d) {
    check(sizes[d] >= 0, "shape: dimension ", d, " has the negative size ", sizes[d]);
    check(sizes[d] == 0 || numel_ <= std::numeric_limits<int64_t>::max() / 8 / sizes[d],
          "shape: too many elements");
    sizes_[d] = sizes[d];
    numel_ *= sizes[d];
  }
}

int64_t Shape::index(int64_t dim) const {
  check(dim >= -rank_ && dim < rank_, "shape: no dimension ", dim, " in ", *this);
  return dim < 0 ? dim + rank_ : dim;
}

Shape Shape::with(int64_t dim, int64_t size) const {
  auto sizes = sizes_;
  sizes[index(dim)] = size;
  return Shape(std::span<const int64_t>(sizes.data(), static_cast<size_t>(rank_)));
}

int64_t Shape::outer(int64_t dim) const {
  return std::accumulate(begin(), begin() + index(dim), int64_t{1}, std::multiplies<>());
}

int64_t Shape::inner(int64_t dim) const {
  return std::accumulate(begin() + index(dim) + 1, end(), int64_t{1}, std::multiplies<>());
}

bool Shape::operator==(const Shape& other) const {
  return std::equal(begin(), end(), other.begin(), other.end());
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  out << '(';
  for (const int64_t* size = shape.begin(); size != shape.end(); ++size) {
    out << (size == shape.begin() ? "" : ", ") << *size;
  }
  return out << ')';
}

}  // namespace tinynn
