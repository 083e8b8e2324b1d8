// Random numbers as pure functions of (seed, call, element): any element can be drawn alone, in any order, on
// any number of threads, and is the same on every platform. The generator is Philox4x32-10 (Salmon et al.,
// "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace tinynn {

/// One stream of random numbers: all the elements of one call.
class RandomStream {
 public:
  RandomStream(uint64_t seed, uint64_t call) : seed_(seed), call_(call) {}
  /// 128 random bits.
  std::array<uint32_t, 4> bits(uint64_t element) const;
  /// 64 random bits.
  uint64_t word(uint64_t element) const;
  /// Uniform in [0, 1), 53 bits.
  double uniform(uint64_t element) const;
  /// Standard normal (Box-Muller, in double).
  double normal(uint64_t element) const;
  /// Uniform integer in [0, bound).
  uint64_t below(uint64_t element, uint64_t bound) const;
  /// The numbers 0 .. count-1 in random order (Fisher-Yates).
  std::vector<int64_t> permutation(int64_t count) const;

 private:
  uint64_t seed_, call_;
};

/// Restarts the library's default generator; the same seed gives the same numbers (torch.manual_seed).
void manual_seed(uint64_t seed);
/// The default generator: its seed, and how many streams it has given.
struct GeneratorState {
  uint64_t seed, calls;
};
GeneratorState generator_state();
void set_generator_state(const GeneratorState& state);
/// A fresh stream of the default generator: each call gets the next one.
RandomStream next_random_stream();

namespace detail {

/// While one lives, the default generator is that of one shard of a step of training; the state in which the
/// step began, and the shard's number, decide what it gives.
class ShardGenerator {
 public:
  ShardGenerator(const GeneratorState& of_step, int64_t shard);
  ~ShardGenerator() { swap(); }
  ShardGenerator(const ShardGenerator&) = delete;
  ShardGenerator& operator=(const ShardGenerator&) = delete;
  /// Puts back what was there before, as it is, or itself once more.
  void swap();

 private:
  GeneratorState own_;
  std::optional<GeneratorState> of_step_;
};

/// While one lives inside of that, it is the step's: what is drawn of parameters is the same in each shard.
class StepGenerator {
 public:
  StepGenerator() { swap(); }
  ~StepGenerator() { swap(); }
  StepGenerator(const StepGenerator&) = delete;
  StepGenerator& operator=(const StepGenerator&) = delete;

 private:
  static void swap();
};

}  // namespace detail

}  // namespace tinynn
