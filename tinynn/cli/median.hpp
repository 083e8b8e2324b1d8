// How calls are timed, in C++17 and by itself: benchmarks use it in programs that have an exported header
// alone.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace tinynn::cli {

/// The median microseconds of a call: of 15 calls or more, in so many seconds or more, after 5 that do not
/// count.
template <class Call>
double median_microseconds(Call call, double seconds = 0.2) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  double total = 0;
  for (int i = 0; i < 20 || total < 1e6 * seconds; ++i) {
    const auto start = Clock::now();
    call();
    const double time = std::chrono::duration<double, std::micro>(Clock::now() - start).count();
    if (i < 5) continue;  // warm-up
    times.push_back(time);
    total += time;
  }
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

}  // namespace tinynn::cli
