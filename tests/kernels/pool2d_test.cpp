#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/kernels/pool2d.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/isas.hpp"
#include "tests/support/naive.hpp"
#include "tests/support/pool2d_sizes.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;
using kernels::Pool2dSizes;

namespace {

// Few different values, so that ties are common, and now and then the values that compare strangely.
std::vector<float> draw_image(test::Draw& draw, int64_t count, bool strange) {
  std::vector<float> image;
  for (int64_t i = 0; i < count; ++i) image.push_back(static_cast<float>(draw.between(-3, 3)));
  for (float& x : image) {
    if (strange && draw.chance(0.1)) x = draw.coin() ? test::not_a_number : -test::infinity;
  }
  return image;
}

struct Results {
  std::vector<float> y, alone, grad_x;  // the second one made without argmax
  std::vector<int32_t> argmax;

  Results(const Pool2dSizes& s, const std::vector<float>& x, const std::vector<float>& grad_y)
      : y(grad_y.size(), test::not_a_number),
        alone(y),
        grad_x(x.size(), test::not_a_number),
        argmax(grad_y.size(), -1) {
    kernels::max_pool2d_forward(s, x.data(), y.data(), argmax.data());
    kernels::max_pool2d_forward(s, x.data(), alone.data(), nullptr);
    kernels::max_pool2d_backward(s, grad_y.data(), argmax.data(), grad_x.data());
  }
};

// Each gradient goes to where the largest was; all else is zero.
std::vector<double> naive_grad_x(const Pool2dSizes& s, const test::NaiveMaxPool2d& slow,
                                 const std::vector<float>& grad_y) {
  std::vector<double> grad_x(static_cast<size_t>(s.planes * s.h * s.w));
  for (size_t o = 0; o < grad_y.size(); ++o) {
    const auto plane = static_cast<int64_t>(o) / (s.oh() * s.ow());
    grad_x[plane * s.h * s.w + slow.where[o]] += static_cast<double>(grad_y[o]);
  }
  return grad_x;
}

// Whether the results are the last that is written: vectors may reach into a next row, not behind them all.
bool nothing_behind(const Pool2dSizes& s, const std::vector<float>& x, const std::vector<float>& grad_y,
                    const std::vector<int32_t>& argmax) {
  constexpr size_t more = 16;
  std::vector<float> y(grad_y.size() + more, 7), grad_x(x.size() + more, 7);
  std::vector<int32_t> where(argmax.size() + more, 7);
  kernels::max_pool2d_forward(s, x.data(), y.data(), where.data());
  std::vector<float> alone(y.size(), 7);
  kernels::max_pool2d_forward(s, x.data(), alone.data(), nullptr);
  kernels::max_pool2d_backward(s, grad_y.data(), argmax.data(), grad_x.data());
  const auto is_as_before = [](const auto& all) {
    return std::ranges::all_of(all.end() - more, all.end(), [](auto value) { return value == 7; });
  };
  return is_as_before(y) && is_as_before(where) && is_as_before(alone) && is_as_before(grad_x);
}

}  // namespace

TEST_CASE("kernels. max_pool2d equals its naive twin: ties go to the first, NaN wins") {
  test::Draw draw(9);
  for (int i = 0; i < 300; ++i) {
    const Pool2dSizes s = test::draw_pool2d_sizes(draw);
    CAPTURE(s.h);
    CAPTURE(s.w);
    CAPTURE(s.kernel);
    CAPTURE(s.stride);
    CAPTURE(s.padding);
    CAPTURE(s.dilation);
    const auto x = draw_image(draw, s.planes * s.h * s.w, i % 3 == 0);
    const auto grad_y = draw.numbers(s.planes * s.oh() * s.ow());
    const test::NaiveMaxPool2d slow(s, x);
    const Results fast(s, x, grad_y);
    REQUIRE(test::difference(fast.y, slow.y, 0) == "");
    REQUIRE(std::vector<int64_t>(fast.argmax.begin(), fast.argmax.end()) == slow.where);
    REQUIRE(test::difference(fast.grad_x, naive_grad_x(s, slow, grad_y)) == "");
    REQUIRE(test::difference(fast.alone, slow.y, 0) == "");
  }
}

TEST_CASE("kernels. max_pool2d by 2 equals its naive twin with every instruction set") {
  for (const auto& isa : kernels::isas()) {
    CAPTURE(isa);
    const test::Isa forced(isa);
    test::Draw draw(11);
    for (int i = 0; i < 60; ++i) {
      const Pool2dSizes s{.planes = draw.between(1, 3),
                          .h = draw.between(2, 9),
                          .w = draw.between(2, 80),
                          .kernel = 2,
                          .stride = 2,
                          .padding = 0};
      CAPTURE(s.h);
      CAPTURE(s.w);
      const auto x = draw_image(draw, s.planes * s.h * s.w, i % 2 == 0);
      const test::NaiveMaxPool2d slow(s, x);
      const auto grad_y = draw.numbers(s.planes * s.oh() * s.ow());
      const Results fast(s, x, grad_y);
      REQUIRE(test::difference(fast.y, slow.y, 0) == "");
      REQUIRE(test::difference(fast.grad_x, naive_grad_x(s, slow, grad_y)) == "");
      REQUIRE(std::vector<int64_t>(fast.argmax.begin(), fast.argmax.end()) == slow.where);
      REQUIRE(test::difference(fast.alone, slow.y, 0) == "");
      REQUIRE(nothing_behind(s, x, grad_y, fast.argmax));
    }
  }
}

TEST_CASE("kernels. max_pool2d of an all-negative and of a -infinite image with padding") {
  const Pool2dSizes s{.planes = 1, .h = 2, .w = 2, .kernel = 2, .stride = 2, .padding = 1};
  const std::vector<float> grad_y{1, 2, 3, 4};
  const Results negative(s, {-1, -2, -3, -4}, grad_y);
  CHECK(negative.y == std::vector<float>{-1, -2, -3, -4});  // padding is not a zero that wins
  CHECK(negative.grad_x == grad_y);
  const Results lowest(s, std::vector<float>(4, -test::infinity), grad_y);
  CHECK(lowest.grad_x == grad_y);
}

TEST_CASE("kernels. max_pool2d gives the same bits with any number of threads") {
  test::Draw draw(10);
  for (int i = 0; i < 10; ++i) {
    Pool2dSizes s = test::draw_pool2d_sizes(draw);
    s.planes = 50;
    s.h = s.w = draw.between(10, 60);
    const auto x = draw_image(draw, s.planes * s.h * s.w, true);
    const auto grad_y = draw.numbers(s.planes * s.oh() * s.ow());
    const auto one = test::with_threads(1, [&] { return Results(s, x, grad_y); });
    const auto two = test::with_threads(2, [&] { return Results(s, x, grad_y); });
    REQUIRE(test::bit_difference(two.y, one.y) == "");
    REQUIRE(two.argmax == one.argmax);
    REQUIRE(test::bit_difference(two.grad_x, one.grad_x) == "");
  }
}
