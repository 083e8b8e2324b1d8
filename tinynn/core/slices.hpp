// Slices: a shape seen along one of its dimensions, as `outer` parts that each hold `size` slices of `inner`
// neighbouring elements. All that cuts, joins, ranks or sums along a dimension goes by it.
#pragma once

#include <tinynn/core/shape.hpp>

namespace tinynn {

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
