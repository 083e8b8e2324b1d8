// Shapes that broadcast, drawn at random, and where each element of a result comes from.
#pragma once

#include <vector>

#include <tinynn/core/shape.hpp>

#include "tests/support/draw.hpp"

namespace test {

struct BroadcastShapes {
  tinynn::Shape a, b, result;
};

/// Dimensions of the result that one operand repeats (size 1) or does not have (at the front).
inline BroadcastShapes draw_broadcast(Draw& draw, int64_t max_rank = 4, int64_t max_size = 4) {
  const int64_t rank = draw.between(0, max_rank);
  std::vector<int64_t> a, b, result;
  const bool same = draw.chance(0.2);
  for (int64_t d = 0; d < rank; ++d) {
    const int64_t size = draw.chance(0.02) ? 0 : draw.between(1, max_size);
    const int64_t which = same ? 0 : draw.between(0, 3);
    a.push_back(which == 1 ? 1 : size);
    b.push_back(which == 2 ? 1 : size);
    result.push_back(size);
  }
  auto drop = [&](std::vector<int64_t>& sizes) {  // leading dimensions that the other has anyway
    while (!sizes.empty() && draw.coin()) sizes.erase(sizes.begin());
  };
  if (!same) drop(draw.coin() ? a : b);
  // What both lost or repeat is of size 1 in the result.
  for (size_t d = 0; d < result.size(); ++d) {
    auto size = [&](const std::vector<int64_t>& sizes) {
      const size_t missing = result.size() - sizes.size();
      return d < missing ? 1 : sizes[d - missing];
    };
    result[d] = size(a) == 1 ? size(b) : size(a);
  }
  return {tinynn::Shape(a), tinynn::Shape(b), tinynn::Shape(result)};
}

/// The element of an operand of shape `from` that meets element i of the result.
inline size_t source_of(int64_t i, const tinynn::Shape& result, const tinynn::Shape& from) {
  int64_t place = 0, stride = 1;
  for (int64_t d = -1; d >= -from.rank(); --d) {
    const int64_t index = i / result.inner(d) % result[d];
    place += (from[d] == 1 ? 0 : index) * stride;
    stride *= from[d];
  }
  return static_cast<size_t>(place);
}

}  // namespace test
