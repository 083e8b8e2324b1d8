// Shape: the sizes of a tensor's dimensions, outermost first. Tensors are always dense and row-major, so a
// shape says all there is to say about a layout. A scalar has rank 0 and one element.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <span>

namespace tinynn {

class Shape {
 public:
  static constexpr int64_t max_rank = 8;

  Shape() = default;
  Shape(std::initializer_list<int64_t> sizes) : Shape(std::span(sizes.begin(), sizes.size())) {}
  /// Throws Error on a negative size, on more than max_rank dimensions, or if the element count overflows; of
  /// an empty one the other sizes make at most 2^26, or walks over nothing would not end.
  explicit Shape(std::span<const int64_t> sizes);

  int64_t rank() const { return rank_; }
  int64_t numel() const { return numel_; }
  /// Size of a dimension; negative ones count from the end. Throws Error if it is not there.
  int64_t operator[](int64_t dim) const { return sizes_[static_cast<size_t>(index(dim))]; }
  /// The same dimension as a non-negative number. Throws Error if it is not there.
  int64_t index(int64_t dim) const;
  /// This shape with one dimension replaced.
  Shape with(int64_t dim, int64_t size) const;
  /// Elements in the dimensions before (`outer`) and after (`inner`) a dimension.
  int64_t outer(int64_t dim) const;
  int64_t inner(int64_t dim) const;

  const int64_t* begin() const { return sizes_.data(); }
  const int64_t* end() const { return sizes_.data() + rank_; }
  bool operator==(const Shape& other) const;

 private:
  std::array<int64_t, max_rank> sizes_{};
  int64_t rank_ = 0;
  int64_t numel_ = 1;
};

/// Prints as "(64, 1, 28, 28)".
std::ostream& operator<<(std::ostream& out, const Shape& shape);

/// A shape seen along one of its dimensions, as `outer` parts that each hold `size` slices of `inner`
/// neighbouring elements. All that cuts, joins, ranks or sums along a dimension goes by it.
struct Slices {
  int64_t outer, size, inner;

  /// Throws Error if the dimension is not there; it may count from the end.
  Slices(const Shape& shape, int64_t dim)
      : outer(shape.outer(dim)), size(shape[dim]), inner(shape.inner(dim)) {}

  /// The slice that element i belongs to.
  int64_t slice_of(int64_t i) const { return i / inner % size; }
  /// The first element of slice `index` in part `o`; its other elements there follow.
  int64_t begin(int64_t o, int64_t index) const { return (o * size + index) * inner; }
  /// Calls f(i) for each element of slice `index`, in ascending order.
  template <class F>
  void for_each(int64_t index, F f) const {
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t i = begin(o, index); i < begin(o, index) + inner; ++i) f(i);
    }
  }
};

}  // namespace tinynn
