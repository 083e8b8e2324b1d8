#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/kernels/softmax.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;

namespace {

std::vector<float> log_softmax(int64_t rows, int64_t columns, const std::vector<float>& x) {
  std::vector<float> y(x.size());
  kernels::log_softmax_forward(rows, columns, x.data(), y.data());
  return y;
}

std::vector<double> naive_log_softmax(int64_t rows, int64_t columns, const std::vector<float>& x) {
  std::vector<double> y;
  for (int64_t r = 0; r < rows; ++r) {
    const std::vector<double> row(x.begin() + r * columns, x.begin() + (r + 1) * columns);
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (double value : row) sum += std::exp(value - largest);
    for (double value : row) y.push_back(value - largest - std::log(sum));
  }
  return y;
}

}  // namespace

TEST_CASE("kernels. log_softmax equals its naive twin at every magnitude") {
  test::Draw draw(11);
  for (float scale : {0.001F, 1.0F, 50.0F, 1e4F, 1e30F}) {
    CAPTURE(scale);
    const int64_t rows = 37, columns = draw.between(1, 40);
    auto x = draw.numbers(rows * columns);
    for (float& value : x) value *= scale;
    CHECK(test::difference(log_softmax(rows, columns, x), naive_log_softmax(rows, columns, x), 2e-6) == "");
  }
}

TEST_CASE("kernels. log_softmax of large logits neither overflows nor rounds the answer away") {
  // exp(1e6) is far beyond float, and 1e6 + log(2) would be a sixteenth off.
  CHECK(test::difference(log_softmax(1, 2, {1e6F, 1e6F}), std::vector{-std::log(2.0), -std::log(2.0)},
                         1e-6) == "");
  CHECK(test::difference(log_softmax(1, 2, {-1e6F, -1e6F}), std::vector{-std::log(2.0), -std::log(2.0)},
                         1e-6) == "");
  CHECK(log_softmax(1, 2, {3e38F, -3e38F})[0] == 0);
}

TEST_CASE("kernels. log_softmax with infinity and NaN, as PyTorch") {
  CHECK(log_softmax(1, 2, {0, -test::infinity}) == std::vector<float>{0, -test::infinity});
  for (float y : log_softmax(1, 3, {1, test::not_a_number, 2})) CHECK(std::isnan(y));
  for (float y : log_softmax(1, 2, {0, test::infinity})) CHECK((std::isnan(y) || y == -test::infinity));
}

TEST_CASE("kernels. log_softmax of nothing, and the same bits with any number of threads") {
  CHECK(log_softmax(0, 10, {}).empty());
  test::Draw draw(12);
  const auto x = draw.numbers(2000 * 13);
  const auto one = test::with_threads(1, [&] { return log_softmax(2000, 13, x); });
  CHECK(test::bit_difference(test::with_threads(2, [&] { return log_softmax(2000, 13, x); }), one) == "");
}
