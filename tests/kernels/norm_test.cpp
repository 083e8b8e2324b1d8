#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/kernels/norm.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/isas.hpp"

using namespace tinynn;
using kernels::NormSizes;

namespace {

using Doubles = std::vector<double>;

// Batch normalisation by its definition, in double: y, and with grad_y the gradients of x, weight and bias.
struct Naive {
  Doubles mean, variance, inv_std, y, grad_x, grad_weight, grad_bias;

  Naive(const NormSizes& s, const std::vector<float>& x, const std::vector<float>& weight,
        const std::vector<float>& bias, const std::vector<float>& grad_y)
      : mean(weight.size()),
        variance(mean),
        inv_std(mean),
        y(x.size()),
        grad_x(x.size()),
        grad_weight(mean),
        grad_bias(mean) {
    const auto channel = [&](size_t i) {
      return i / static_cast<size_t>(s.inner) % static_cast<size_t>(s.c);
    };
    const auto count = static_cast<double>(s.values_per_channel());
    for (size_t i = 0; i < x.size(); ++i) mean[channel(i)] += static_cast<double>(x[i]) / count;
    for (size_t i = 0; i < x.size(); ++i) {
      variance[channel(i)] += std::pow(static_cast<double>(x[i]) - mean[channel(i)], 2) / count;
    }
    for (size_t c = 0; c < mean.size(); ++c) inv_std[c] = 1 / std::sqrt(variance[c] + 1e-5);
    const auto normalised = [&](size_t i) {
      return (static_cast<double>(x[i]) - mean[channel(i)]) * inv_std[channel(i)];
    };
    for (size_t i = 0; i < x.size(); ++i) {
      const size_t c = channel(i);
      y[i] = normalised(i) * static_cast<double>(weight[c]) + static_cast<double>(bias[c]);
      grad_weight[c] += static_cast<double>(grad_y[i]) * normalised(i);
      grad_bias[c] += static_cast<double>(grad_y[i]);
    }
    for (size_t i = 0; i < x.size(); ++i) {
      const size_t c = channel(i);
      grad_x[i] =
          static_cast<double>(weight[c]) * inv_std[c] *
          (static_cast<double>(grad_y[i]) - grad_bias[c] / count - normalised(i) * grad_weight[c] / count);
    }
  }
};

}  // namespace

TEST_CASE("kernels. batch_norm equals its definition with every instruction set") {
  for (const auto& isa : kernels::isas()) {
    CAPTURE(isa);
    const test::Isa forced(isa);
    test::Draw draw(12);
    for (int i = 0; i < 60; ++i) {
      const NormSizes s{draw.between(2, 5), draw.between(1, 20), draw.coin() ? 1 : draw.between(2, 150)};
      CAPTURE(s.inner);
      const auto x = draw.numbers(s.n * s.c * s.inner), grad_y = draw.numbers(s.n * s.c * s.inner);
      const auto weight = draw.numbers(s.c), bias = draw.numbers(s.c);
      const Naive slow(s, x, weight, bias, grad_y);
      Doubles mean(weight.size()), variance(weight.size());
      kernels::channel_moments(s, x.data(), mean.data(), variance.data());
      REQUIRE(test::difference(mean, slow.mean, 1e-12) == "");
      REQUIRE(test::difference(variance, slow.variance, 1e-12) == "");
      std::vector<float> y(x.size(), test::not_a_number), grad_x(y);
      Doubles sums(2 * weight.size(), test::not_a_number), grad_weight, grad_bias;
      kernels::batch_norm_forward(s, x.data(), slow.mean.data(), slow.inv_std.data(), weight.data(),
                                  bias.data(), y.data());
      kernels::batch_norm_sums(s, grad_y.data(), x.data(), slow.mean.data(), slow.inv_std.data(),
                               sums.data());
      for (size_t c = 0; c < weight.size(); ++c) {
        grad_bias.push_back(sums[2 * c]);
        grad_weight.push_back(sums[2 * c + 1]);
      }
      kernels::batch_norm_grad(s, grad_y.data(), x.data(), slow.mean.data(), slow.inv_std.data(),
                               weight.data(), sums.data(), static_cast<double>(s.values_per_channel()),
                               grad_x.data());
      REQUIRE(test::difference(y, slow.y, 1e-4) == "");
      REQUIRE(test::difference(grad_x, slow.grad_x, 1e-4) == "");
      REQUIRE(test::difference(grad_weight, slow.grad_weight) == "");
      REQUIRE(test::difference(grad_bias, slow.grad_bias) == "");
    }
  }
}

TEST_CASE("kernels. the moments of a channel with a NaN are NaN, those of the others are not") {
  const std::vector<float> x{1, test::not_a_number, 3, 5};  // (2, 2)
  Doubles mean(2), variance(2);
  kernels::channel_moments({2, 2, 1}, x.data(), mean.data(), variance.data());
  CHECK(mean[0] == 2);
  CHECK(variance[0] == 1);
  CHECK(std::isnan(mean[1]));
  CHECK(std::isnan(variance[1]));
}

TEST_CASE("kernels. rows whose numbers lie apart are normalised as those whose numbers lie together") {
  for (const auto& isa : kernels::isas()) {
    CAPTURE(isa);
    const test::Isa forced(isa);
    test::Draw draw(13);
    for (int i = 0; i < 60; ++i) {
      const int64_t outer = draw.between(1, 4), columns = draw.between(1, 150), inner = draw.between(1, 5);
      CAPTURE(columns);
      CAPTURE(inner);
      auto x = draw.numbers(outer * columns * inner);
      Doubles expected(x.size());
      const auto n = static_cast<double>(columns);
      for (int64_t o = 0; o < outer; ++o) {
        for (int64_t at = o * columns * inner; at < o * columns * inner + inner; ++at) {
          double mean = 0, variance = 0;
          for (int64_t k = 0; k < columns; ++k) mean += static_cast<double>(x[at + k * inner]) / n;
          for (int64_t k = 0; k < columns; ++k) {
            variance += std::pow(static_cast<double>(x[at + k * inner]) - mean, 2) / n;
          }
          for (int64_t k = at; k < at + columns * inner; k += inner) {
            expected[k] = (static_cast<double>(x[k]) - mean) / std::sqrt(variance + 0.01);
          }
        }
      }
      std::vector<float> y(x.size(), test::not_a_number);
      kernels::normalize_rows(outer, columns, inner, 0.01, x.data(), y.data());
      REQUIRE(test::difference(y, expected, 1e-5) == "");
      kernels::normalize_rows(outer, columns, inner, 0.01, x.data(), x.data());
      REQUIRE(x == y);
    }
  }
}
