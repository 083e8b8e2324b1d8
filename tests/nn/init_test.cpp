// Initial values: PyTorch's bounds and distributions.
#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/init.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/sequential.hpp>

using namespace tinynn;

namespace {

double mean_of(const Tensor& x) {
  double sum = 0;
  for (float v : x.values()) sum += static_cast<double>(v);
  return sum / static_cast<double>(x.numel());
}

double variance_of(const Tensor& x) {
  const double mean = mean_of(x);
  double sum = 0;
  for (float v : x.values()) sum += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
  return sum / static_cast<double>(x.numel());
}

// Uniform in [-bound, bound): within it, close to both ends, with its mean and variance.
void check_uniform(const Tensor& x, double bound) {
  CAPTURE(x.shape());
  CAPTURE(bound);
  CHECK(*std::ranges::min_element(x.values()) >= static_cast<float>(-bound));
  CHECK(*std::ranges::max_element(x.values()) < static_cast<float>(bound));
  CHECK(*std::ranges::min_element(x.values()) < -0.95 * bound);
  CHECK(*std::ranges::max_element(x.values()) > 0.95 * bound);
  CHECK(std::abs(mean_of(x)) < 0.05 * bound);
  CHECK(3 * variance_of(x) / (bound * bound) == doctest::Approx(1).epsilon(0.05));
}

}  // namespace

TEST_CASE("nn. Linear and Conv2d start uniform in +-1/sqrt(fan-in)") {
  manual_seed(1);
  const nn::Linear linear(64, 2000);
  CHECK(linear.weight.shape() == Shape{2000, 64});
  check_uniform(linear.weight, 1.0 / 8);
  check_uniform(linear.bias, 1.0 / 8);
  const nn::Conv2d conv(32, 512, 3, {.groups = 8});
  CHECK(conv.weight.shape() == Shape{512, 4, 3, 3});
  check_uniform(conv.weight, 1.0 / 6);
  check_uniform(conv.bias, 1.0 / 6);
  CHECK(!nn::Linear(2, 2, {.bias = false}).bias.defined());
  CHECK(!nn::Conv2d(2, 2, 3, {.bias = false}).bias.defined());
}

TEST_CASE("nn. kaiming initialisers") {
  manual_seed(2);
  Parameter weight(zeros({400, 6, 2, 2}));
  CHECK(nn::init::fan_in(weight.shape()) == 24);
  nn::init::kaiming_uniform(weight);
  check_uniform(weight, std::sqrt(6.0 / 24));
  nn::init::kaiming_normal(weight);
  CHECK(std::abs(mean_of(weight)) < 0.01);
  CHECK(12 * variance_of(weight) == doctest::Approx(1).epsilon(0.025));
  CHECK_THROWS_WITH_AS(nn::init::fan_in({3}), "init: fan-in needs a weight of rank two or more, got (3)",
                       Error);
}

TEST_CASE("nn. initialising a pruned weight leaves the dead at zero") {
  Parameter weight(ones({10, 10}));
  Mask mask({10, 10}, false);
  mask.set(5, true);
  weight.prune(mask);
  nn::init::kaiming_uniform(weight);
  CHECK(count_nonzero(weight) == 1);
}

TEST_CASE("nn. manual_seed repeats a network, and another seed gives another") {
  auto make = [](uint64_t seed) {
    manual_seed(seed);
    nn::Sequential net{nn::Linear(5, 6), nn::Linear(6, 5)};
    std::vector<float> all;
    for (const Parameter& p : net.parameters()) all.insert(all.end(), p.values().begin(), p.values().end());
    return all;
  };
  const auto first = make(3);
  CHECK(make(3) == first);
  CHECK(make(4) != first);
  CHECK(first[0] != first[36]);  // its layers differ from one another
}

TEST_CASE("nn. a layer without inputs has a bias of zero, as in PyTorch") {
  const nn::Linear linear(0, 3);
  CHECK(linear.bias.to_vector() == std::vector<float>{0, 0, 0});
}
