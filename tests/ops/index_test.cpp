#include <algorithm>

#include <doctest/doctest.h>

#include <tinynn/ops/index.hpp>

#include "tests/ops/twin.hpp"

using namespace tinynn;
using test::Doubles;

using Values = std::vector<float>;
using Indices = std::vector<int64_t>;

namespace {

// The slices `indices` along one dimension.
Doubles chosen(const Doubles& x, const Shape& shape, int64_t dim, const Indices& indices) {
  Doubles y;
  for (int64_t o = 0; o < shape.outer(dim); ++o) {
    for (const int64_t i : indices) {
      for (int64_t j = 0; j < shape.inner(dim); ++j) {
        y.push_back(x[(o * shape[dim] + i) * shape.inner(dim) + j]);
      }
    }
  }
  return y;
}

}  // namespace

TEST_CASE("ops. slice over random ranges equals its naive twin, which is Python's") {
  test::Draw draw(82);
  for (int i = 0; i < 100; ++i) {
    const Shape shape = draw.shape(4, 6);
    const int64_t dim = draw.between(-shape.rank(), shape.rank() - 1), size = shape[dim];
    const int64_t begin = draw.between(-size - 2, size + 2), end = draw.between(-size - 2, size + 2);
    const int64_t step = draw.between(1, 3);
    Indices indices;
    for (int64_t place = 0; place < size; ++place) {
      const int64_t from = std::max<int64_t>(0, begin < 0 ? begin + size : begin),
                    to = end < 0 ? end + size : end;
      if (place >= from && place < to && (place - from) % step == 0) indices.push_back(place);
    }
    const Tensor x = draw.tensor(shape);
    REQUIRE(slice(x, dim, begin, end, step).shape() == shape.with(dim, static_cast<int64_t>(indices.size())));
    REQUIRE(test::twin_difference(
                draw, {x}, [&](const auto& in) { return slice(in[0], dim, begin, end, step); },
                [&](const auto& in) { return chosen(in[0], shape, dim, indices); }) == "");
  }
}

TEST_CASE("ops. index_select over random indices equals its naive twin") {
  test::Draw draw(83);
  for (int i = 0; i < 60; ++i) {
    const Shape shape = draw.shape(4, 5);
    const int64_t dim = draw.between(-shape.rank(), shape.rank() - 1);
    Indices indices(static_cast<size_t>(draw.between(0, 7)));
    for (int64_t& index : indices) index = draw.between(0, shape[dim] - 1);
    REQUIRE(test::twin_difference(
                draw, {draw.tensor(shape)}, [&](const auto& in) { return index_select(in[0], dim, indices); },
                [&](const auto& in) { return chosen(in[0], shape, dim, indices); }) == "");
  }
}

TEST_CASE("ops. concat puts back together what slice took apart") {
  test::Draw draw(84);
  for (int i = 0; i < 60; ++i) {
    const Shape shape = draw.shape(4, 6);
    const int64_t dim = draw.between(-shape.rank(), shape.rank() - 1), size = shape[dim];
    const int64_t first = draw.between(0, size), second = draw.between(first, size);
    const auto together = [&](const auto& in) {
      return concat(
          {slice(in[0], dim, 0, first), slice(in[0], dim, first, second), slice(in[0], dim, second, size)},
          dim);
    };
    const Tensor x = draw.tensor(shape);
    REQUIRE(together(std::vector<Tensor>{x}).shape() == shape);
    REQUIRE(test::twin_difference(draw, {x}, together, [](const auto& in) { return in[0]; }) == "");
  }
}

TEST_CASE("ops. argsort is stable and puts NaN last, or first when descending") {
  const float bad = test::not_a_number;
  CHECK(argsort(tensor({3, 1, 2})) == Indices{1, 2, 0});
  CHECK(argsort(tensor({2, 1, 2, 1})) == Indices{1, 3, 0, 2});
  CHECK(argsort(tensor({2, 1, 2, 1}), true) == Indices{0, 2, 1, 3});
  CHECK(argsort(tensor({bad, 1, bad, -1})) == Indices{3, 1, 0, 2});
  CHECK(argsort(tensor({bad, 1, bad, -1}), true) == Indices{0, 2, 1, 3});
  CHECK(argsort(tensor({3, 1, 2, 4, 6, 5}, {2, 3})) == Indices{1, 2, 0, 0, 2, 1});
  CHECK(argsort(zeros({0})).empty());
  CHECK(argsort(zeros({2, 0})).empty());
  test::Draw draw(85);
  for (int i = 0; i < 50; ++i) {
    const Tensor x = draw.tensor({draw.between(1, 40)});
    auto sorted = x.to_vector();
    std::ranges::sort(sorted);
    REQUIRE(index_select(x, 0, argsort(x)).to_vector() == sorted);
  }
}

TEST_CASE("ops. chunk cuts into equal pieces, which concat puts together again") {
  test::Draw draw(86);
  for (int i = 0; i < 30; ++i) {
    const Tensor x = draw.tensor({draw.between(1, 3), 12, draw.between(1, 3)});
    for (const int64_t count : {1, 2, 3, 4, 6, 12}) {
      const auto pieces = chunk(x, count, 1);
      REQUIRE(static_cast<int64_t>(pieces.size()) == count);
      REQUIRE(concat(pieces, 1).to_vector() == x.to_vector());
    }
  }
}

TEST_CASE("ops. choosing what is not there is an error") {
  const Tensor x = ones({2, 3});
  CHECK_THROWS_WITH_AS(chunk(x, 2, 1), "chunk: dimension 1 of (2, 3) cannot be cut into 2 equal pieces",
                       Error);
  CHECK_THROWS_WITH_AS(chunk(x, 0, 1), "chunk: dimension 1 of (2, 3) cannot be cut into 0 equal pieces",
                       Error);
  CHECK_THROWS_WITH_AS(slice(x, 1, 0, 3, 0), "slice: step 0 is not at least 1", Error);
  CHECK_THROWS_WITH_AS(slice(x, 2, 0, 3), "shape: no dimension 2 in (2, 3)", Error);
  CHECK_THROWS_WITH_AS(index_select(x, 1, {0, 3}), "index_select: index 3 is outside dimension 1 of (2, 3)",
                       Error);
  CHECK_THROWS_WITH_AS(index_select(x, 0, {-1}), "index_select: index -1 is outside dimension 0 of (2, 3)",
                       Error);
  CHECK_THROWS_WITH_AS(concat({}, 0), "concat: no tensors", Error);
  CHECK_THROWS_WITH_AS(concat({x, ones({3, 3})}, 1),
                       "concat: shapes (2, 3) and (3, 3) differ in more than dimension 1", Error);
  CHECK_THROWS_WITH_AS(concat({x, ones({2})}, 0),
                       "concat: shapes (2, 3) and (2) differ in more than dimension 0", Error);
  CHECK_THROWS_WITH_AS(argsort(ones({})), "argsort: a scalar has nothing to sort", Error);
}
