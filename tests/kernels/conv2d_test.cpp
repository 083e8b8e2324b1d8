#include <vector>

#include <doctest/doctest.h>

#include <tinynn/kernels/conv2d.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/conv2d_sizes.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/naive.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;
using kernels::Conv2dSizes;

namespace {

struct Convolution {
  Conv2dSizes s;
  std::vector<float> x, weight, bias, grad_y;

  Convolution(test::Draw& draw, const Conv2dSizes& sizes)
      : s(sizes),
        x(draw.numbers(s.n * s.c * s.h * s.w)),
        weight(draw.numbers(s.o * (s.c / s.groups) * s.kh * s.kw)),
        bias(draw.numbers(s.o)),
        grad_y(draw.numbers(s.n * s.o * s.oh() * s.ow())) {}
};

// Everything that the kernels compute of one convolution. Outputs start as NaN: they are to be overwritten.
struct Results {
  std::vector<float> y, y_with_bias, grad_x, grad_weight, grad_bias;

  explicit Results(const Convolution& c)
      : y(c.grad_y.size(), test::not_a_number),
        y_with_bias(y),
        grad_x(c.x.size(), test::not_a_number),
        grad_weight(c.weight.size(), test::not_a_number),
        grad_bias(c.bias.size(), test::not_a_number) {
    kernels::conv2d_forward(c.s, c.x.data(), c.weight.data(), nullptr, y.data());
    kernels::conv2d_forward(c.s, c.x.data(), c.weight.data(), c.bias.data(), y_with_bias.data());
    kernels::conv2d_backward_input(c.s, c.grad_y.data(), c.weight.data(), grad_x.data());
    kernels::conv2d_backward_weight(c.s, c.grad_y.data(), c.x.data(), grad_weight.data());
    kernels::conv2d_backward_bias(c.s, c.grad_y.data(), grad_bias.data());
  }
};

void check_against_naive(const Convolution& c) {
  CAPTURE(test::describe(c.s));
  const Results fast(c);
  const test::NaiveConv2d slow(c.s, c.x, c.weight, c.grad_y);
  std::vector<double> y_with_bias = slow.y, grad_bias(c.bias.size());
  const auto positions = static_cast<size_t>(c.s.oh() * c.s.ow());
  for (size_t i = 0; i < y_with_bias.size(); ++i) {
    const size_t o = i / positions % c.bias.size();
    y_with_bias[i] += static_cast<double>(c.bias[o]);
    grad_bias[o] += static_cast<double>(c.grad_y[i]);
  }
  REQUIRE(test::difference(fast.y, slow.y) == "");
  REQUIRE(test::difference(fast.y_with_bias, y_with_bias) == "");
  REQUIRE(test::difference(fast.grad_x, slow.grad_x) == "");
  REQUIRE(test::difference(fast.grad_weight, slow.grad_weight) == "");
  REQUIRE(test::difference(fast.grad_bias, grad_bias) == "");
}

}  // namespace

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
  const Results results(Convolution(draw, none));
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
    const auto one = test::with_threads(1, [&] { return Results(c); });
    for (int64_t threads : {2, 3}) {
      const auto many = test::with_threads(threads, [&] { return Results(c); });
      REQUIRE(test::bit_difference(many.y, one.y) == "");
      REQUIRE(test::bit_difference(many.y_with_bias, one.y_with_bias) == "");
      REQUIRE(test::bit_difference(many.grad_x, one.grad_x) == "");
      REQUIRE(test::bit_difference(many.grad_weight, one.grad_weight) == "");
      REQUIRE(test::bit_difference(many.grad_bias, one.grad_bias) == "");
    }
  }
}
