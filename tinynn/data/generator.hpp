// Generator: random numbers drawn one after the other from one stream. Every sample of every epoch has its
// own, so what a transform draws depends on (seed, epoch, sample) alone: not on which thread loads it, nor
// when.
#pragma once

#include <cstdint>

#include <tinynn/core/random.hpp>

namespace tinynn::data {

class Generator {
 public:
  explicit Generator(const RandomStream& stream) : stream_(stream) {}

  /// Uniform in [low, high).
  double uniform(double low = 0, double high = 1) { return low + (high - low) * stream_.uniform(next_++); }
  /// Uniform integer in [0, bound), for a bound of at least 1.
  int64_t below(int64_t bound) {
    return static_cast<int64_t>(stream_.below(next_++, static_cast<uint64_t>(bound)));
  }
  /// True with probability p.
  bool chance(double p) { return uniform() < p; }

 private:
  RandomStream stream_;
  uint64_t next_ = 0;
};

}  // namespace tinynn::data
