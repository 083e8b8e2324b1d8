#include <cmath>
#include <mutex>
#include <numbers>
#include <numeric>
#include <optional>
#include <utility>

#include <tinynn/core/fork.hpp>
#include <tinynn/core/random.hpp>

namespace tinynn {
namespace {

std::mutex generator_mutex;
const detail::HeldWhileForking<generator_mutex> generator_at_fork;
GeneratorState generator{0, 0};
std::optional<GeneratorState> generator_of_step;  // while there are shards

}  // namespace

std::array<uint32_t, 4> RandomStream::bits(uint64_t element) const {
  auto low = [](uint64_t x) { return static_cast<uint32_t>(x); };
  auto high = [](uint64_t x) { return static_cast<uint32_t>(x >> 32); };
  std::array<uint32_t, 4> counter{low(element), high(element), low(call_), high(call_)};
  uint32_t key0 = low(seed_), key1 = high(seed_);
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {high(product1) ^ counter[1] ^ key0, low(product1), high(product0) ^ counter[3] ^ key1,
               low(product0)};
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  return counter;
}

uint64_t RandomStream::word(uint64_t element) const {
  const auto random = bits(element);
  return (uint64_t{random[0]} << 32) | random[1];
}

double RandomStream::uniform(uint64_t element) const {
  return static_cast<double>(word(element) >> 11) * 0x1p-53;
}

double RandomStream::normal(uint64_t element) const {
  const auto random = bits(element);
  // Half a step off the grid, so that u is never 0 and the logarithm is finite.
  const double u = (random[0] + 0.5) * 0x1p-32;
  const double angle = 2 * std::numbers::pi * (random[1] * 0x1p-32);
  return std::sqrt(-2 * std::log(u)) * std::cos(angle);
}

uint64_t RandomStream::below(uint64_t element, uint64_t bound) const {
  return static_cast<uint64_t>(uniform(element) * static_cast<double>(bound));
}

std::vector<int64_t> RandomStream::permutation(int64_t count) const {
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), int64_t{0});
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[below(i, i)]);
  return order;
}

void manual_seed(uint64_t seed) { set_generator_state({seed, 0}); }

GeneratorState generator_state() {
  const std::scoped_lock lock(generator_mutex);
  return generator;
}

void set_generator_state(const GeneratorState& to) {
  const std::scoped_lock lock(generator_mutex);
  generator = to;
}

RandomStream next_random_stream() {
  const std::scoped_lock lock(generator_mutex);
  return {generator.seed, generator.calls++};
}

namespace detail {

ShardGenerator::ShardGenerator(const GeneratorState& of_step, int64_t shard) {
  const RandomStream stream(of_step.seed, of_step.calls);
  own_ = {stream.word(static_cast<uint64_t>(shard) + 1), 0};
  of_step_ = {stream.word(0), 0};
  swap();
}

void ShardGenerator::swap() {
  const std::scoped_lock lock(generator_mutex);
  std::swap(generator, own_);
  std::swap(generator_of_step, of_step_);
}

void StepGenerator::swap() {
  const std::scoped_lock lock(generator_mutex);
  if (generator_of_step) std::swap(generator, *generator_of_step);
}

}  // namespace detail

}  // namespace tinynn
