#include <array>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/kernels/winograd.hpp>

#include "tests/support/conv2d_check.hpp"
#include "tests/support/isas.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;
using kernels::Conv2dSizes;
using test::check_against_naive, test::Convolution;

namespace {

// Kernels of up to 7 x 7, and images from a single pixel to more than two of the widest vectors a row.
Conv2dSizes draw_wide_sizes(test::Draw& draw) {
  while (true) {
    const int64_t groups = draw.chance(0.7) ? 1 : draw.between(2, 4);
    const bool depthwise = draw.chance(0.3);
    const Conv2dSizes s{.n = draw.between(1, 3),
                        .c = groups * (depthwise ? 1 : draw.between(1, 5)),
                        .h = draw.between(1, 12),
                        .w = draw.coin() ? draw.between(1, 12) : draw.between(13, 40),
                        .o = groups * (depthwise ? 1 : draw.between(1, 15)),
                        .kh = draw.between(1, 7),
                        .kw = draw.between(1, 7),
                        .stride = draw.coin() ? 1 : test::draw_size2(draw, 1, 3),
                        .padding = test::draw_padding(draw, 3),
                        .dilation = draw.chance(0.7) ? 1 : test::draw_size2(draw, 1, 2),
                        .groups = groups};
    if (test::fits(s)) return s;
  }
}

struct Images {
  int64_t n, c, size;
};
struct Filters {
  int64_t o, size;
};

Conv2dSizes sizes(const Images& x, const Filters& weight, int64_t stride, int64_t padding) {
  return {.n = x.n,
          .c = x.c,
          .h = x.size,
          .w = x.size,
          .o = weight.o,
          .kh = weight.size,
          .kw = weight.size,
          .stride = stride,
          .padding = padding,
          .dilation = 1,
          .groups = 1};
}

}  // namespace

TEST_CASE("kernels. conv2d equals its naive twin with every instruction set") {
  const test::Threads one(1);
  for (const auto& isa : kernels::isas()) {
    CAPTURE(isa);
    const test::Isa forced(isa);
    test::Draw draw(9);
    for (int i = 0; i < 150; ++i) check_against_naive(Convolution(draw, draw_wide_sizes(draw)));
    for (int i = 0; i < 100; ++i) check_against_naive(Convolution(draw, test::draw_conv2d_sizes(draw)));
  }
}

TEST_CASE("kernels. conv2d of the convolutions that the models have, with every instruction set") {
  const std::vector<Conv2dSizes> models{
      sizes({3, 1, 28}, {4, 3}, 1, 1),   sizes({3, 4, 14}, {8, 3}, 1, 1),    // SimpleCNN
      sizes({2, 1, 28}, {20, 5}, 1, 0),  sizes({2, 20, 12}, {50, 5}, 1, 0),  // LeNet-5
      sizes({2, 16, 32}, {16, 3}, 1, 1), sizes({2, 16, 32}, {32, 3}, 2, 1),  // ResNet-20
      sizes({2, 16, 32}, {32, 1}, 2, 0), sizes({18, 13, 8}, {11, 3}, 1, 1)};
  for (const auto& isa : kernels::isas()) {
    CAPTURE(isa);
    const test::Isa forced(isa);
    test::Draw draw(10);
    for (const Conv2dSizes& s : models) check_against_naive(Convolution(draw, s), 1e-4);
  }
}

TEST_CASE(
    "kernels. conv2d of a sparse weight touches what is alive and equals its naive twin, with every "
    "instruction set") {
  const test::Threads one(1);
  for (const auto& isa : kernels::isas()) {
    CAPTURE(isa);
    const test::Isa forced(isa);
    test::Draw draw(11);
    for (int i = 0; i < 80; ++i) {
      Conv2dSizes s = draw.coin() ? draw_wide_sizes(draw) : test::draw_conv2d_sizes(draw);
      s.groups = 1;
      const Convolution c(draw, s);
      const Mask alive = draw.mask({s.o, s.c / s.groups, s.kh, s.kw}, draw.fraction() * 0.6);
      test::check_sparse_against_naive(c, alive);
    }
    const Conv2dSizes lenet = sizes({6, 20, 12}, {50, 5}, 1, 0);
    test::check_sparse_against_naive(Convolution(draw, lenet), draw.mask({50, 20, 5, 5}, 0.05), 1e-4);
    const Conv2dSizes padded = sizes({2, 16, 9}, {20, 5}, 1, 2);
    test::check_sparse_against_naive(Convolution(draw, padded), draw.mask({20, 16, 5, 5}, 0.3), 1e-4);
  }
}

TEST_CASE("kernels. convolutions by Winograd equal their naive twin, with every instruction set") {
  const test::Threads one(1);
  for (const auto& isa : kernels::isas()) {
    CAPTURE(isa);
    const test::Isa forced(isa);
    test::Draw draw(12);
    // Of one sample a chunk, or of two that share their products.
    for (int i = 0, gathered = 0; i < 12 || gathered < 2; ++i) {
      const int64_t kernel = draw.coin() ? 3 : 5;
      const Conv2dSizes s{.n = draw.chance(0.7) ? 1 : 17,
                          .c = draw.between(8, 24),
                          .h = draw.between(5, 14),
                          .w = draw.between(5, 14),
                          .o = draw.between(8, 24),
                          .kh = kernel,
                          .kw = kernel,
                          .padding = test::draw_padding(draw, kernel)};
      if (!kernels::winograd_suits(s)) continue;
      gathered += kernels::winograd_fills(s) ? 1 : 0;
      // Sums of up to 3,000 products have a size of 18.
      check_against_naive(Convolution(draw, s), 3e-4);
    }
  }
}

TEST_CASE("kernels. one sample by Winograd has the same bits on any number of threads") {
  for (const auto& isa : kernels::isas()) {
    CAPTURE(isa);
    const test::Isa forced(isa);
    test::Draw draw(13);
    // Of many tiles, of two groups of them, and of a single one, of which each thread has some channels.
    for (const auto& [c, side, o, kernel] :
         {std::array<int64_t, 4>{16, 32, 16, 3}, {20, 12, 50, 5}, {64, 8, 64, 3}}) {
      const Conv2dSizes s{
          .n = 1, .c = c, .h = side, .w = side, .o = o, .kh = kernel, .kw = kernel, .padding = 1};
      REQUIRE(kernels::winograd_suits(s));
      const auto x = draw.numbers(c * side * side), weight = draw.numbers(o * c * kernel * kernel),
                 bias = draw.numbers(o);
      const kernels::WinogradKernel convolve(s, weight.data());
      const auto run = [&] {
        std::vector<float> scratch(static_cast<size_t>(convolve.scratch_size())),
            y(static_cast<size_t>(o * s.oh() * s.ow()));
        convolve(x.data(), bias.data(), scratch.data(), y.data());
        return y;
      };
      const auto alone = test::with_threads(1, run);
      for (const int64_t threads : {2, 3, 8})
        REQUIRE(test::bit_difference(test::with_threads(threads, run), alone) == "");
    }
  }
}
