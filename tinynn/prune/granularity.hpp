// Granularity: what dies together. It divides the elements of a weight into groups, of which each lives or
// dies as a whole. Single weights prune best; whole rows and filters can be deleted afterwards, and blocks
// and kernels lie in between.
#pragma once

#include <cstdint>
#include <vector>

#include <tinynn/core/shape.hpp>

namespace tinynn::prune {

class Granularity {
 public:
  /// The group of each element of a weight of this shape, numbered from 0 without gaps.
  /// Throws Error if such a weight has no groups of this kind.
  std::vector<int64_t> groups(const Shape& shape) const;
  /// Whether each weight is a group by itself.
  bool is_element() const { return kind_ == Kind::element; }
  /// Whether all weights of an output die together: the slices of dimension 0.
  bool is_output() const { return kind_ == Kind::slice && number_ == 0; }

 private:
  enum class Kind { element, slice, kernel, block };
  Granularity(Kind kind, int64_t number) : kind_(kind), number_(number) {}
  friend Granularity element();
  friend Granularity slice(int64_t dim);
  friend Granularity kernel();
  friend Granularity block(int64_t size);

  Kind kind_;
  int64_t number_;  // of a slice its dimension, of a block its size
};

/// Each weight by itself.
Granularity element();
/// All that has one index along `dim`, which may count from the end. Dimension 0 holds the rows (neurons) of
/// a Linear and the filters of a Conv2d, dimension 1 what reads one input.
Granularity slice(int64_t dim);
/// Each two-dimensional kernel (kh, kw) of a convolution's weight (o, c, kh, kw).
Granularity kernel();
/// Blocks of size x size of the weight as a matrix (rows are dimension 0, columns all others); smaller ones
/// at the ends.
Granularity block(int64_t size);

}  // namespace tinynn::prune
