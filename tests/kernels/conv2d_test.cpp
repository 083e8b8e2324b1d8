#include <vector>

#include <doctest/doctest.h>

#include <tinynn/kernels/conv2d.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/conv2d_check.hpp"
#include "tests/support/conv2d_sizes.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;
using kernels::Conv2dSizes;

using test::check_against_naive, test::Convolution, test::Conv2dResults;

TEST_CASE("kernels. conv2d equals its naive twin, forward and backward") {
  const test::Threads one(1);  // waking threads for products this small takes longer than computing them
  test::Draw draw(4);
  for (int i = 0; i < 300; ++i) check_against_naive(Convolution(draw, test::draw_conv2d_sizes(draw)));
}

TEST_CASE("kernels. conv2d with more samples than chunks of work") {
  test::Draw draw(5);
  for (int64_t n : {15, 16, 17, 33, 50}) {
    Conv2dSizes s{.n = n,
                  .c = 2,
                  .h = 5,
                  .w = 4,
                  .o = 3,
                  .kh = 3,
                  .kw = 2,
                  .stride = 1,
                  .padding = 1,
                  .dilation = 1,
                  .groups = 1};
    check_against_naive(Convolution(draw, s));
    s.kh = s.kw = 1;  // the window that is not copied
    s.padding = 0;
    check_against_naive(Convolution(draw, s));
  }
}

TEST_CASE("kernels. conv2d whose window lies wholly in the padding at the corners") {
  test::Draw draw(6);
  check_against_naive(Convolution(draw, {.n = 1,
                                         .c = 1,
                                         .h = 1,
                                         .w = 1,
                                         .o = 2,
                                         .kh = 1,
                                         .kw = 1,
                                         .stride = 1,
                                         .padding = 3,
                                         .dilation = 1,
                                         .groups = 1}));
  check_against_naive(Convolution(draw, {.n = 2,
                                         .c = 2,
                                         .h = 2,
                                         .w = 3,
                                         .o = 2,
                                         .kh = 3,
                                         .kw = 3,
                                         .stride = 5,
                                         .padding = 4,
                                         .dilation = 3,
                                         .groups = 2}));
}

TEST_CASE("kernels. conv2d of no samples, no channels and no outputs") {
  test::Draw draw(7);
  const Conv2dSizes s{.n = 2,
                      .c = 2,
                      .h = 4,
                      .w = 4,
                      .o = 3,
                      .kh = 3,
                      .kw = 3,
                      .stride = 1,
                      .padding = 1,
                      .dilation = 1,
                      .groups = 1};
  Conv2dSizes none = s;
  none.n = 0;
  // No sample: nothing to compute, but the gradients of weight and bias are zero, not left as they were.
  check_against_naive(Convolution(draw, none));
  none = s;
  none.c = 0;  // as a cut may leave it; the output is the bias
  check_against_naive(Convolution(draw, none));
  none = s;
  none.o = 0;
  const Conv2dResults results(Convolution(draw, none));
  CHECK(results.y.empty());
  CHECK(results.grad_x == std::vector<float>(2 * 2 * 4 * 4, 0.0F));
}

TEST_CASE("kernels. conv2d gives the same bits with any number of threads") {
  test::Draw draw(8);
  for (int i = 0; i < 20; ++i) {
    Conv2dSizes s = test::draw_conv2d_sizes(draw);
    s.n = draw.between(1, 40);
    if (i % 5 == 0) s.h = s.w = 40;  // the product of one sample is then worth splitting, too
    CAPTURE(test::describe(s));
    const Convolution c(draw, s);
    const auto one = test::with_threads(1, [&] { return Conv2dResults(c); });
    for (int64_t threads : {2, 3}) {
      const auto many = test::with_threads(threads, [&] { return Conv2dResults(c); });
      REQUIRE(test::bit_difference(many.y, one.y) == "");
      REQUIRE(test::bit_difference(many.y_with_bias, one.y_with_bias) == "");
      REQUIRE(test::bit_difference(many.grad_x, one.grad_x) == "");
      REQUIRE(test::bit_difference(many.grad_weight, one.grad_weight) == "");
      REQUIRE(test::bit_difference(many.grad_bias, one.grad_bias) == "");
    }
  }
}
