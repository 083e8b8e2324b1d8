#include <numeric>

#include <doctest/doctest.h>

#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/ops/shape.hpp>

#include "tests/ops/twin.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;
using test::Doubles;

using Values = std::vector<float>;

namespace {

// The elements of x with dims[d] as dimension d, one after the other.
template <class Numbers>
Numbers permuted(const Numbers& x, const Shape& shape, const std::vector<int64_t>& dims) {
  Numbers y;
  for (int64_t i = 0; i < shape.numel(); ++i) {
    int64_t rest = i, place = 0;
    for (size_t d = dims.size(); d-- > 0;) {
      place += rest % shape[dims[d]] * shape.inner(dims[d]);
      rest /= shape[dims[d]];
    }
    y.push_back(x[place]);
  }
  return y;
}

std::vector<int64_t> draw_order(test::Draw& draw, int64_t rank) {
  std::vector<int64_t> dims(static_cast<size_t>(rank));
  std::iota(dims.begin(), dims.end(), int64_t{0});
  for (size_t d = dims.size(); d > 1; --d) {
    std::swap(dims[d - 1], dims[draw.between(0, static_cast<int64_t>(d) - 1)]);
  }
  return dims;
}

}  // namespace

TEST_CASE("ops. permute and transpose over random shapes equal their naive twin") {
  test::Draw draw(80);
  for (int i = 0; i < 80; ++i) {
    const Shape shape = draw.shape(5, 4);
    const Tensor x = draw.tensor(shape);
    const auto dims = draw_order(draw, shape.rank());
    const auto twin = [&](const std::vector<int64_t>& order) {
      return [&, order](const std::vector<Doubles>& in) { return permuted(in[0], shape, order); };
    };
    std::vector<int64_t> asked, sizes;
    for (const int64_t d : dims) {
      asked.push_back(draw.coin() ? d : d - shape.rank());
      sizes.push_back(shape[d]);
    }
    REQUIRE(permute(x, asked).shape() == Shape(sizes));
    REQUIRE(test::twin_difference(
                draw, {x.clone()}, [&](const auto& in) { return permute(in[0], asked); }, twin(dims)) == "");

    const int64_t a = draw.between(0, shape.rank() - 1), b = draw.between(0, shape.rank() - 1);
    std::vector<int64_t> swapped(dims.size());
    std::iota(swapped.begin(), swapped.end(), int64_t{0});
    std::swap(swapped[a], swapped[b]);
    REQUIRE(test::twin_difference(
                draw, {x.clone()}, [&](const auto& in) { return transpose(in[0], a - shape.rank(), b); },
                twin(swapped)) == "");
  }
}

TEST_CASE("ops. large tensors are permuted in tiles, the same with any number of threads") {
  test::Draw draw(81);
  struct Large {
    Shape shape;
    std::vector<int64_t> dims;
  };
  for (const auto& [shape, dims] :
       {Large{{333, 517}, {1, 0}}, Large{{5, 64, 33, 17}, {0, 2, 3, 1}}, Large{{5, 33, 17, 64}, {0, 3, 1, 2}},
        Large{{40, 50, 60}, {2, 1, 0}}, Large{{40, 50, 60}, {1, 0, 2}}, Large{{70000, 2}, {1, 0}},
        Large{{2, 70000}, {1, 0}}}) {
    const Tensor x = draw.tensor(shape);
    const auto run = [&, &order = dims] { return permute(x, order).to_vector(); };
    const auto result = test::with_threads(3, run);
    CHECK(result == test::with_threads(1, run));
    CHECK(result == permuted(x.to_vector(), shape, dims));
  }
}

TEST_CASE("ops. reshape, flatten, squeeze and unsqueeze rename dimensions") {
  const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {2, 1, 3});
  CHECK(reshape(x, {3, -1}).shape() == Shape{3, 2});
  CHECK(reshape(x, {3, -1}).data() == x.data());  // shared
  CHECK(flatten(x).shape() == Shape{2, 3});
  CHECK(flatten(x, 0).shape() == Shape{6});
  CHECK(squeeze(x, 1).shape() == Shape{2, 3});
  CHECK(squeeze(x, -2).shape() == Shape{2, 3});
  CHECK(unsqueeze(x, 0).shape() == Shape{1, 2, 1, 3});
  CHECK(unsqueeze(x, 3).shape() == Shape{2, 1, 3, 1});
  CHECK(unsqueeze(x, -1).shape() == Shape{2, 1, 3, 1});
  CHECK(unsqueeze(x, -4).shape() == Shape{1, 2, 1, 3});
  CHECK(squeeze(x, 1).to_vector() == x.to_vector());
}

TEST_CASE("ops. operations on shapes say what is wrong") {
  const Tensor x = ones({2, 3});
  CHECK_THROWS_WITH_AS(reshape(x, {4, 2}), "reshape: (2, 3) has 6 elements, (4, 2) has 8", Error);
  CHECK_THROWS_WITH_AS(reshape(x, {4, -1}), "reshape: (2, 3) cannot be cut into pieces of 4 elements", Error);
  CHECK_THROWS_WITH_AS(reshape(x, {-1, -1}), "shape: dimension 1 has the negative size -1", Error);
  CHECK_THROWS_WITH_AS(permute(x, {0}), "permute: 1 dimensions for shape (2, 3): expected each of its 2 once",
                       Error);
  CHECK_THROWS_WITH_AS(permute(x, {1, -1}),
                       "permute: 2 dimensions for shape (2, 3): expected each of its 2 once", Error);
  CHECK_THROWS_WITH_AS(permute(x, {0, 2}), "shape: no dimension 2 in (2, 3)", Error);
  CHECK_THROWS_WITH_AS(transpose(x, 0, 2), "shape: no dimension 2 in (2, 3)", Error);
  CHECK_THROWS_WITH_AS(squeeze(x, 1), "squeeze: dimension 1 of (2, 3) is not of size 1", Error);
  CHECK_THROWS_WITH_AS(unsqueeze(x, 3), "unsqueeze: no place 3 for a dimension in (2, 3)", Error);
}

TEST_CASE("ops. view is recorded, as in PyTorch") {
  Tensor x = rand({2, 6});
  x.set_requires_grad();
  sum(x.view({3, -1}) * 2).backward();
  CHECK(x.view({3, -1}).shape() == Shape{3, 4});
  CHECK(x.grad().to_vector() == std::vector<float>(12, 2));
  CHECK_FALSE(x.detach_as({3, 4}).requires_grad());
}
