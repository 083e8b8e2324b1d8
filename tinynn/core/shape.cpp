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
  constexpr int64_t most = std::numeric_limits<int64_t>::max() / 8, most_around_nothing = int64_t{1} << 26;
  int64_t others = 1;  // the product of those that are not 0
  for (size_t d = 0; d < sizes.size(); ++d) {
    check(sizes[d] >= 0, "shape: dimension ", d, " has the negative size ", sizes[d]);
    check(sizes[d] == 0 || others <= most / sizes[d], "shape: too many elements");
    sizes_[d] = sizes[d];
    numel_ *= sizes[d];
    others *= std::max<int64_t>(sizes[d], 1);
  }
  check(numel_ > 0 || others <= most_around_nothing, "shape: no elements, but sizes of ", others);
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
