// What the benchmarks of inference have in common.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include <tinynn/tinynn.hpp>

namespace bench {

/// Takes 10 of an image's numbers: its time is the cost of a call.
struct Nothing : tinynn::nn::Module {
  void members(tinynn::nn::Visitor&) override {}
  tinynn::Tensor forward(const tinynn::Tensor& x) override {
    return tinynn::slice(tinynn::flatten(x), 1, 0, 10);
  }
};

/// The median microseconds of a call on that many random samples: of 15 calls or more, in 0.2 seconds or
/// more, after 5 that do not count.
inline double median_microseconds(const tinynn::deploy::Program& program, int64_t samples) {
  using Clock = std::chrono::steady_clock;
  const tinynn::Tensor x = tinynn::randn({samples, program.input_shape().numel()});
  std::vector<float> y(static_cast<size_t>(samples * program.output_shape().numel()));
  std::vector<double> times;
  double total = 0;
  for (int i = 0; i < 20 || total < 2e5; ++i) {
    const auto start = Clock::now();
    program.run(samples, x.data(), y.data());
    const double time = std::chrono::duration<double, std::micro>(Clock::now() - start).count();
    if (i < 5) continue;  // warm-up
    times.push_back(time);
    total += time;
  }
  std::ranges::nth_element(times, times.begin() + static_cast<int64_t>(times.size() / 2));
  return times[times.size() / 2];
}

}  // namespace bench
