#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/core/tensor.hpp>

#include "tests/support/threads.hpp"

using namespace tinynn;

namespace {

using Words = std::array<uint32_t, 4>;

uint64_t join(uint32_t low, uint32_t high) { return uint64_t{high} << 32 | low; }

Words philox(const Words& counter, uint32_t key0, uint32_t key1) {
  return RandomStream(join(key0, key1), join(counter[2], counter[3])).bits(join(counter[0], counter[1]));
}

struct Moments {
  double mean = 0, variance = 0, skewness = 0, kurtosis = 0;
};

template <class Sample>
Moments moments_of(int64_t count, Sample sample) {
  std::vector<double> values;
  Moments m;
  for (int64_t i = 0; i < count; ++i) values.push_back(sample(static_cast<uint64_t>(i)));
  for (double x : values) m.mean += x / static_cast<double>(count);
  for (double x : values) {
    const double d = x - m.mean;
    m.variance += d * d / static_cast<double>(count);
    m.skewness += d * d * d / static_cast<double>(count);
    m.kurtosis += d * d * d * d / static_cast<double>(count);
  }
  return m;
}

}  // namespace

TEST_CASE("core. Philox4x32-10 gives the known answers of Random123") {
  constexpr uint32_t all = 0xffffffff;
  CHECK(philox({0, 0, 0, 0}, 0, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({all, all, all, all}, all, all) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  // Counter and key are the first digits of pi.
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("core. uniform numbers have the moments of the uniform distribution") {
  const RandomStream stream(1, 0);
  double least = 1, largest = 0;
  const Moments m = moments_of(200000, [&](uint64_t i) {
    const double u = stream.uniform(i);
    least = std::min(least, u);
    largest = std::max(largest, u);
    return u;
  });
  CHECK(least >= 0);
  CHECK(largest < 1);
  CHECK(least < 1e-4);
  CHECK(largest > 1 - 1e-4);
  CHECK(std::abs(m.mean - 0.5) < 0.003);  // each bound is four to five standard deviations
  CHECK(std::abs(12 * m.variance - 1) < 0.01);
}

TEST_CASE("core. normal numbers have the moments of the normal distribution") {
  const RandomStream stream(2, 0);
  const Moments m = moments_of(200000, [&](uint64_t i) { return stream.normal(i); });
  CHECK(std::abs(m.mean) < 0.01);
  CHECK(std::abs(m.variance - 1) < 0.014);
  CHECK(std::abs(m.skewness) < 0.03);
  CHECK(std::abs(m.kurtosis - 3) < 0.05);
}

TEST_CASE("core. whole numbers are spread evenly below their bound") {
  const RandomStream stream(3, 0);
  std::vector<int64_t> counts(7);
  for (uint64_t i = 0; i < 70000; ++i) ++counts[stream.below(i, 7)];
  for (int64_t count : counts) CHECK(std::abs(static_cast<double>(count) - 10000) < 500);
  CHECK(stream.below(0, 1) == 0);
}

TEST_CASE("core. a permutation holds every number once and starts with each equally often") {
  std::vector<int64_t> firsts(5);
  for (uint64_t call = 0; call < 20000; ++call) {
    auto order = RandomStream(4, call).permutation(5);
    ++firsts[order[0]];
    std::ranges::sort(order);
    REQUIRE(order == std::vector<int64_t>{0, 1, 2, 3, 4});
  }
  for (int64_t count : firsts) CHECK(std::abs(static_cast<double>(count) - 4000) < 300);
  CHECK(RandomStream(4, 0).permutation(0).empty());
  CHECK(RandomStream(4, 0).permutation(1) == std::vector<int64_t>{0});
  CHECK(RandomStream(4, 0).permutation(100) != RandomStream(4, 1).permutation(100));
}

TEST_CASE("core. streams of other seeds and calls are unrelated") {
  const RandomStream one(5, 0), other_call(5, 1), other_seed(6, 0);
  for (const RandomStream& other : {other_call, other_seed}) {
    double correlation = 0;
    for (uint64_t i = 0; i < 20000; ++i) correlation += one.normal(i) * other.normal(i) / 20000;
    CHECK(std::abs(correlation) < 0.03);
  }
}

TEST_CASE("core. the same seed gives the same tensors on any number of threads") {
  auto draw = [] {
    manual_seed(7);
    auto values = rand({40000}).to_vector();
    std::ranges::copy(randn({40000}).values(), std::back_inserter(values));
    return values;
  };
  const auto one = test::with_threads(1, draw);
  CHECK(test::with_threads(2, draw) == one);
  CHECK(rand({5}).to_vector() != rand({5}).to_vector());  // each call has its own stream
}

TEST_CASE("core. rand stays below its upper bound even where float rounding would reach it") {
  manual_seed(2472697);  // whose second number is 0.999999976, nearer to 1 than to any float below
  const Tensor x = rand({2});
  CHECK(x.values()[1] < 1);
  CHECK(x.values()[1] > 0.9999999F);
  const Tensor y = rand({10000}, -3, 5);
  CHECK(*std::ranges::min_element(y.values()) >= -3);
  CHECK(*std::ranges::max_element(y.values()) < 5);
}
