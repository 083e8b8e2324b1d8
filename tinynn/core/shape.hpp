// Shape: the sizes of a tensor's dimensions, outermost first. Tensors are always dense and row-major, so a
// shape says all there is to say about a layout. A scalar has rank 0 and one element.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <string>

namespace tinynn {

class Shape {
 public:
  static constexpr int64_t max_rank = 8;

  Shape() = default;
  Shape(std::initializer_list<int64_t> sizes) : Shape(std::span(sizes.begin(), sizes.size())) {}
  /// Throws Error on a negative size, on more than max_rank dimensions, or if the element count overflows.
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

}  // namespace tinynn
