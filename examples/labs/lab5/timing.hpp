// Given: how many times as fast one thing is as another. A machine's speed changes while it is measured (its
// clock, its caches, its other users), so the two take turns, and the middle one of many times counts.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace lab5 {

inline double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

/// Median time of dense() over that of sparse(), both measured in turns for `seconds`, at least 11 each.
template <class Dense, class Sparse>
double dense_over_sparse(const Dense& dense, const Sparse& sparse, double seconds = 0.5) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  std::vector<double> of_dense, of_sparse;
  dense(), sparse();  // so that memory and caches are there
  for (const Clock::time_point start = Clock::now(); of_sparse.size() < 11 || since(start) < seconds;) {
    Clock::time_point turn = Clock::now();
    dense();
    of_dense.push_back(since(turn));
    turn = Clock::now();
    sparse();
    of_sparse.push_back(since(turn));
  }
  return median(of_dense) / median(of_sparse);
}

}  // namespace lab5
