// Strided: a walk over all elements of a dense array together with two operands that lie in memory by strides
// of their own: 0 along a dimension that is broadcast (or summed away), other numbers where dimensions were
// permuted. Neighbouring dimensions that lie behind one another in both operands are joined, so that equal
// shapes, a scalar, a row and a channel are walked in long rows. No recursion, any rank.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include <tinynn/core/shape.hpp>
#include <tinynn/kernels/pointwise.hpp>

namespace tinynn::kernels {

class Strided {
 public:
  using Strides = std::array<int64_t, Shape::max_rank>;  // one for each dimension of the shape, in elements

  Strided(const Shape& shape, const Strides& a, const Strides& b = {});

  int64_t count() const { return count_; }
  int64_t rank() const { return rank_; }  // after joining; at least 1
  /// Of the dimension `from_last` places before the last one.
  int64_t size(int64_t from_last) const { return size_[place(from_last)]; }
  int64_t stride_a(int64_t from_last) const { return a_[place(from_last)]; }
  int64_t stride_b(int64_t from_last) const { return b_[place(from_last)]; }

  /// Calls f(i, length, offset in a, offset in b) for the rows, or parts of them, that make up the elements
  /// [begin, end) of the dense array.
  template <class F>
  void rows(int64_t begin, int64_t end, F f) const;

 private:
  size_t place(int64_t from_last) const { return static_cast<size_t>(rank_ - 1 - from_last); }

  Strides size_{}, a_{}, b_{};
  int64_t rank_ = 0, count_;
};

/// The strides with which a dense array of shape `from` is read as one of shape `to`, aligned at the last
/// dimension: 0 wherever its size is 1. The shapes must broadcast.
Strided::Strides broadcast_strides(const Shape& from, const Shape& to);

/// Calls f(i, value of a, value of b) for every element, on several threads. For broadcasting: along the last
/// dimension, strides are 0 or 1.
template <class F>
void for_each(const Strided& walk, const float* a, const float* b, F f) {
  parallel_for(walk.count(), pointwise_grain, [&](int64_t begin, int64_t end) {
    const bool steps_a = walk.stride_a(0) != 0, steps_b = walk.stride_b(0) != 0;
    walk.rows(begin, end, [=](int64_t i, int64_t length, int64_t in_a, int64_t in_b) {
      const float *u = a + in_a, *v = b + in_b, first_u = *u, first_v = *v;
      // The same loop four times, for only constant steps become vector instructions.
      if (steps_a && steps_b) {
        for (int64_t j = 0; j < length; ++j) f(i + j, u[j], v[j]);
      } else if (steps_a) {
        for (int64_t j = 0; j < length; ++j) f(i + j, u[j], first_v);
      } else if (steps_b) {
        for (int64_t j = 0; j < length; ++j) f(i + j, first_u, v[j]);
      } else {
        for (int64_t j = 0; j < length; ++j) f(i + j, first_u, first_v);
      }
    });
  });
}

/// y[i] = x[offset of a], overwritten: a permutation or an expansion.
void gather(const Strided& walk, const float* x, float* y);
/// y[offset of a] = scale * the sum of all x[i] that have this offset, in double; y has `count_y` elements,
/// which are overwritten. Strides of 0 are the dimensions that are summed away.
void sum(const Strided& walk, const float* x, double scale, int64_t count_y, float* y);

template <class F>
void Strided::rows(int64_t begin, int64_t end, F f) const {
  if (begin >= end) return;
  const auto last = static_cast<size_t>(rank_ - 1);
  const int64_t length = size_[last];
  int64_t row = begin / length, column = begin % length, in_a = 0, in_b = 0;
  Strides index{};
  for (size_t d = last; d-- > 0;) {
    index[d] = row % size_[d];
    row /= size_[d];
    in_a += index[d] * a_[d];
    in_b += index[d] * b_[d];
  }
  for (int64_t i = begin; i < end; column = 0) {
    const int64_t part = std::min(length - column, end - i);
    f(i, part, in_a + column * a_[last], in_b + column * b_[last]);
    i += part;
    for (size_t d = last; d-- > 0;) {
      in_a += a_[d];
      in_b += b_[d];
      if (++index[d] < size_[d]) break;
      in_a -= a_[d] * size_[d];
      in_b -= b_[d] * size_[d];
      index[d] = 0;
    }
  }
}

}  // namespace tinynn::kernels
