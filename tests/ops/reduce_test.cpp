#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include <tinynn/ops/reduce.hpp>

#include "tests/ops/twin.hpp"
#include "tests/support/broadcast.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;
using test::Doubles;
using test::not_a_number;

using Values = std::vector<float>;

namespace {

// A shape, some of its dimensions (some of them counted from the end), and what is left.
struct Reduced {
  explicit Reduced(test::Draw& draw) : x(draw.shape(4, 4)), keepdim(draw.coin()) {
    std::vector<int64_t> sizes, rest;
    const auto subset = draw.subset(x.rank());
    for (int64_t d = 0; d < x.rank(); ++d) {
      const bool gone = subset.empty() || std::ranges::count(subset, d) > 0;
      sizes.push_back(gone ? 1 : x[d]);
      if (!gone || keepdim) rest.push_back(sizes.back());
    }
    for (const int64_t d : subset) dims.push_back(draw.coin() ? d : d - x.rank());
    kept = Shape(sizes);
    result = Shape(rest);
  }
  Shape x, kept, result;
  std::vector<int64_t> dims;
  bool keepdim;

  // Folds all elements of one result, from `start` on.
  template <class F>
  Doubles fold(const Doubles& values, double start, F f) const {
    Doubles y(static_cast<size_t>(result.numel()), start);
    for (int64_t i = 0; i < x.numel(); ++i) {
      double& into = y[test::source_of(i, x, kept)];
      into = f(into, values[i]);
    }
    return y;
  }
};

}  // namespace

TEST_CASE("ops. sum, mean and amax over random dimensions equal their naive twins") {
  test::Draw draw(77);
  for (int i = 0; i < 80; ++i) {
    const Reduced r(draw);
    CAPTURE(r.x);
    CAPTURE(r.kept);
    const Tensor x = draw.tensor(r.x);
    const double count = static_cast<double>(r.x.numel()) / static_cast<double>(r.kept.numel());
    REQUIRE(sum(x, r.dims, r.keepdim).shape() == r.result);
    REQUIRE(test::twin_difference(
                draw, {x.clone()}, [&](const auto& in) { return sum(in[0], r.dims, r.keepdim); },
                [&](const auto& in) { return r.fold(in[0], 0, [](double a, double b) { return a + b; }); }) ==
            "");
    REQUIRE(mean(x, r.dims, r.keepdim).shape() == r.result);
    REQUIRE(test::twin_difference(
                draw, {x.clone()}, [&](const auto& in) { return mean(in[0], r.dims, r.keepdim); },
                [&](const auto& in) {
                  return r.fold(in[0], 0, [&](double a, double b) { return a + b / count; });
                }) == "");
    REQUIRE(amax(x, r.dims, r.keepdim).shape() == r.result);
    REQUIRE(test::twin_difference(
                draw, {x.clone()}, [&](const auto& in) { return amax(in[0], r.dims, r.keepdim); },
                [&](const auto& in) {
                  return r.fold(in[0], -2, [](double a, double b) { return std::max(a, b); });
                }) == "");
  }
}

TEST_CASE("ops. max and argmax over a random dimension equal their naive twin") {
  test::Draw draw(78);
  for (int i = 0; i < 60; ++i) {
    const Shape shape = draw.shape(4, 5);
    const int64_t dim = draw.between(-shape.rank(), shape.rank() - 1);
    const Tensor x = draw.tensor(shape);
    const int64_t size = shape[dim], inner = shape.inner(dim);
    std::vector<int64_t> where;
    const auto twin = [&](const std::vector<Doubles>& in) {
      Doubles y;
      where.clear();
      for (int64_t o = 0; o < shape.outer(dim); ++o) {
        for (int64_t j = 0; j < inner; ++j) {
          int64_t best = 0;
          const auto at = [&](int64_t s) { return in[0][(o * size + s) * inner + j]; };
          for (int64_t s = 1; s < size; ++s) best = at(s) > at(best) ? s : best;
          where.push_back(best);
          y.push_back(at(best));
        }
      }
      return y;
    };
    REQUIRE(test::twin_difference(
                draw, {x.clone()}, [&](const auto& in) { return max(in[0], dim); }, twin) == "");
    twin({test::doubles(x)});
    REQUIRE(argmax(x, dim) == Labels(where));
    REQUIRE(max(x, dim, true).shape() == shape.with(dim, 1));
    if (shape.rank() == 2) REQUIRE(argmax(x) == argmax(x, 1));
  }
}

TEST_CASE("ops. equal maxima share the gradient of amax, the first takes all of max") {
  Tensor x = tensor({1, 3, 3, 2}, {1, 4});
  x.set_requires_grad();
  max(x).backward();
  CHECK(x.grad().to_vector() == Values{0, 0.5, 0.5, 0});
  x.zero_grad();
  max(x, 1).backward();
  CHECK(x.grad().to_vector() == Values{0, 1, 0, 0});
  CHECK(argmax(x)[0] == 1);
}

TEST_CASE("ops. NaN is the largest, the first one of several") {
  const Tensor x = tensor({1, not_a_number, 3, not_a_number}, {1, 4});
  CHECK(std::isnan(max(x).item()));
  CHECK(std::isnan(max(x, 1).item()));
  CHECK(argmax(x)[0] == 1);
}

TEST_CASE("ops. sums add up in double, and are the same with any number of threads") {
  Tensor x = ones({1 << 12, 33});
  x.mutable_data()[0] = 0x1p25F;
  CHECK(sum(x).item() == 0x1p25F + static_cast<float>(x.numel() - 1));
  test::Draw draw(79);
  const Tensor y = draw.tensor({60, 70, 80});
  for (const std::vector<int64_t>& dims : {std::vector<int64_t>{}, {0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}}) {
    const auto run = [&] { return sum(y, dims).to_vector(); };
    const auto alone = test::with_threads(1, run);
    CHECK(alone == test::with_threads(3, run));
    std::vector<int64_t> sizes{60, 70, 80};
    for (int64_t d = 0; d < 3; ++d) {
      if (dims.empty() || std::ranges::count(dims, d) > 0) sizes[d] = 1;
    }
    const Shape kept(sizes);
    Doubles sums(static_cast<size_t>(kept.numel()));
    for (int64_t i = 0; i < y.numel(); ++i) {
      sums[test::source_of(i, y.shape(), kept)] += static_cast<double>(y.data()[i]);
    }
    CHECK(test::difference(alone, sums) == "");
  }
}

TEST_CASE("ops. reducing nothing") {
  CHECK(sum(zeros({0})).item() == 0);
  CHECK(sum(zeros({2, 0}), {1}).to_vector() == Values{0, 0});
  CHECK(std::isnan(mean(zeros({0})).item()));
  CHECK(max(zeros({0, 3}), 1).shape() == Shape{0});
  CHECK_THROWS_WITH_AS(max(zeros({0, 3})), "amax: (0, 3) has no elements to choose from", Error);
  CHECK_THROWS_WITH_AS(max(zeros({3, 0}), 1), "max: dimension 1 of (3, 0) has no elements to choose from",
                       Error);
  CHECK_THROWS_WITH_AS(argmax(zeros({3, 0}), -1),
                       "argmax: dimension -1 of (3, 0) has no elements to choose from", Error);
  CHECK_THROWS_WITH_AS(argmax(zeros({3})), "argmax: (3) is not (n, classes)", Error);
}

TEST_CASE("ops. reductions name dimensions that are wrong") {
  CHECK_THROWS_WITH_AS(sum(ones({2, 3}), {2}), "shape: no dimension 2 in (2, 3)", Error);
  CHECK_THROWS_WITH_AS(sum(ones({2, 3}), {1, -1}), "sum: dimension -1 of (2, 3) is named twice", Error);
  CHECK_THROWS_WITH_AS(max(ones({}), 0), "shape: no dimension 0 in ()", Error);
}
