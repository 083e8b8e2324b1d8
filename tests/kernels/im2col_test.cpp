#include <vector>

#include <doctest/doctest.h>

#include <tinynn/kernels/conv2d_gemm.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/conv2d_sizes.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/naive.hpp"

using namespace tinynn;
using kernels::Conv2dSizes;

namespace {

// columns[(c, i, j), (y, x)] = the pixel under kernel element (i, j) when the window stands at (y, x)
std::vector<float> naive_im2col(const Conv2dSizes& s, int64_t channels, const std::vector<float>& image) {
  std::vector<float> columns;
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t i = 0; i < s.kh; ++i) {
      for (int64_t j = 0; j < s.kw; ++j) {
        for (int64_t y = 0; y < s.oh(); ++y) {
          for (int64_t x = 0; x < s.ow(); ++x) {
            const int64_t row = y * s.stride.h - s.padding.top + i * s.dilation.h;
            const int64_t column = x * s.stride.w - s.padding.left + j * s.dilation.w;
            const bool inside = row >= 0 && row < s.h && column >= 0 && column < s.w;
            columns.push_back(inside ? image[(c * s.h + row) * s.w + column] : 0);
          }
        }
      }
    }
  }
  return columns;
}

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

}  // namespace

TEST_CASE("kernels. im2col lays out every window, and col2im is its transpose") {
  test::Draw draw(3);
  for (int i = 0; i < 200; ++i) {
    const Conv2dSizes s = test::draw_conv2d_sizes(draw);
    CAPTURE(test::describe(s));
    const auto image = draw.numbers(s.c * s.h * s.w);
    const auto expected = naive_im2col(s, s.c, image);
    std::vector<float> columns(expected.size(), test::not_a_number);
    kernels::im2col(s, s.c, image.data(), columns.data());
    REQUIRE(test::bit_difference(columns, expected) == "");

    // <im2col(image), other> = <image, col2im(other)>: the definition of a transpose.
    const auto other = draw.numbers(static_cast<int64_t>(columns.size()));
    std::vector<float> back(image.size(), test::not_a_number);
    kernels::col2im(s, s.c, other.data(), back.data());
    REQUIRE(dot(columns, other) == doctest::Approx(dot(image, back)).epsilon(1e-4));
  }
}

TEST_CASE("kernels. col2im counts how many windows see each pixel") {
  const Conv2dSizes s{.n = 1,
                      .c = 1,
                      .h = 3,
                      .w = 3,
                      .o = 1,
                      .kh = 2,
                      .kw = 2,
                      .stride = 1,
                      .padding = 0,
                      .dilation = 1,
                      .groups = 1};
  const std::vector<float> columns(16, 1.0F);
  std::vector<float> counts(9);
  kernels::col2im(s, 1, columns.data(), counts.data());
  CHECK(counts == std::vector<float>{1, 2, 1, 2, 4, 2, 1, 2, 1});
}
