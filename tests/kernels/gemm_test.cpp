#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/kernels/gemm.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/naive.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;
using kernels::gemm;
using kernels::Layout;

namespace {

struct Product {
  int64_t m, n, k;
  Layout layout_a, layout_b;
  bool accumulate;
  std::vector<float> a, b, c;

  Product(test::Draw& draw, int64_t largest)
      : m(draw.between(1, largest)),
        n(draw.between(1, largest)),
        k(draw.between(1, largest)),
        layout_a(draw.coin() ? Layout::plain : Layout::transposed),
        layout_b(draw.coin() ? Layout::plain : Layout::transposed),
        accumulate(draw.coin()),
        a(draw.numbers(m * k)),
        b(draw.numbers(k * n)),
        c(accumulate ? draw.numbers(m * n) : std::vector<float>(static_cast<size_t>(m * n))) {}

  std::vector<double> expected() const { return test::naive_gemm(m, n, k, a, layout_a, b, layout_b, c); }

  std::vector<float> result() const {
    // What is overwritten must not be read: NaN would show.
    auto y = accumulate ? c : std::vector<float>(c.size(), test::not_a_number);
    gemm(m, n, k, a.data(), layout_a, b.data(), layout_b, y.data(), accumulate);
    return y;
  }
};

}  // namespace

TEST_CASE("kernels. gemm equals its naive twin in every layout") {
  test::Draw draw(1);
  for (int i = 0; i < 300; ++i) {
    // Mostly small: that is where a blocked product has its borders, and the matrix library its special
    // cases.
    const Product p(draw, i % 10 == 0 ? 300 : i % 2 == 0 ? 70 : 17);
    CAPTURE(p.m);
    CAPTURE(p.n);
    CAPTURE(p.k);
    CAPTURE(static_cast<int>(p.layout_a));
    CAPTURE(static_cast<int>(p.layout_b));
    CAPTURE(p.accumulate);
    REQUIRE(test::difference(p.result(), p.expected(), 2e-5) == "");
  }
}

TEST_CASE("kernels. gemm gives the same bits with any number of threads") {
  test::Draw draw(2);
  for (int i = 0; i < 12; ++i) {
    const Product p(draw, 400);
    const auto one = test::with_threads(1, [&] { return p.result(); });
    for (int64_t threads : {2, 3}) {
      REQUIRE(test::bit_difference(test::with_threads(threads, [&] { return p.result(); }), one) == "");
    }
  }
}

TEST_CASE("kernels. a product with a bias equals its naive twin, which begins with the bias") {
  test::Draw draw(3);
  for (int i = 0; i < 60; ++i) {
    const int64_t largest = i % 10 == 0 ? 400 : 70;
    const int64_t m = draw.between(1, largest), n = draw.between(1, largest), k = draw.between(1, largest);
    CAPTURE(m);
    CAPTURE(n);
    CAPTURE(k);
    const auto a = draw.numbers(m * k), b = draw.numbers(n * k), bias = draw.numbers(n);
    std::vector<float> c, y(static_cast<size_t>(m * n), test::not_a_number);
    for (int64_t row = 0; row < m; ++row) c.insert(c.end(), bias.begin(), bias.end());
    kernels::gemm_and_bias(m, n, k, a.data(), b.data(), bias.data(), y.data());
    REQUIRE(test::difference(y, test::naive_gemm(m, n, k, a, Layout::plain, b, Layout::transposed, c),
                             2e-5) == "");
  }
}

TEST_CASE("kernels. gemm of nothing") {
  std::vector<float> c{1, 2};
  gemm(2, 1, 0, nullptr, Layout::plain, nullptr, Layout::plain, c.data(), true);
  CHECK(c == std::vector<float>{1, 2});  // a sum of no products adds nothing
  gemm(2, 1, 0, nullptr, Layout::plain, nullptr, Layout::plain, c.data());
  CHECK(c == std::vector<float>{0, 0});
  gemm(0, 5, 3, nullptr, Layout::plain, nullptr, Layout::plain, nullptr);
  gemm(5, 0, 3, nullptr, Layout::plain, nullptr, Layout::transposed, nullptr, true);
  CHECK(kernels::blas_name() != nullptr);
}

TEST_CASE("kernels. gemm lets NaN and infinity through") {
  const std::vector<float> a{test::not_a_number, 1, 2, 3}, b{1, 0, 0, 1};
  std::vector<float> c(4);
  gemm(2, 2, 2, a.data(), Layout::plain, b.data(), Layout::plain, c.data());
  CHECK(std::isnan(c[0]));
  CHECK(c[2] == 2);
  CHECK(c[3] == 3);
}
