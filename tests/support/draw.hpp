// Draw: random test cases, the same on every machine. Independent of tinynn's own generator, which is under
// test itself.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include <tinynn/core/mask.hpp>
#include <tinynn/core/tensor.hpp>

namespace test {

class Draw {
 public:
  explicit Draw(uint64_t seed) : engine_(seed) {}

  /// A whole number in [low, high].
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(engine_() % static_cast<uint64_t>(high - low + 1));
  }
  bool coin() { return between(0, 1) == 1; }
  /// True with the given probability.
  bool chance(double probability) { return fraction() < probability; }
  double fraction() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  /// A number in [-1, 1).
  float number() { return static_cast<float>(fraction() * 2 - 1); }

  std::vector<float> numbers(int64_t count) {
    std::vector<float> result(static_cast<size_t>(count));
    for (float& x : result) x = number();
    return result;
  }
  tinynn::Tensor tensor(const tinynn::Shape& shape) { return tinynn::tensor(numbers(shape.numel()), shape); }
  tinynn::Mask mask(const tinynn::Shape& shape, double alive = 0.5) {
    tinynn::Mask result(shape);
    for (int64_t i = 0; i < shape.numel(); ++i) result.set(i, chance(alive));
    return result;
  }
  tinynn::Shape shape(int64_t max_rank, int64_t max_size) {
    std::vector<int64_t> sizes(static_cast<size_t>(between(1, max_rank)));
    for (int64_t& size : sizes) size = between(1, max_size);
    return tinynn::Shape(sizes);
  }
  /// Some of the numbers 0 .. count-1, ascending; possibly none or all of them.
  std::vector<int64_t> subset(int64_t count) {
    std::vector<int64_t> result;
    const double share = fraction();
    for (int64_t i = 0; i < count; ++i) {
      if (chance(share)) result.push_back(i);
    }
    return result;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace test
