// One sparse product for tinynn and its peers: y (300, 64) = weight (300, 784) x (784, 64), all row-major,
// 95% of the weight zero, as in the first layer of LeNet-300-100 with a batch of 64. Each library prepares
// the weight once, as it likes; what is timed is the product, after its result was compared with the sum as
// it is written.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace bench {

struct SparseProduct {
  static constexpr int rows = 300, columns = 784, batch = 64;
  std::vector<float> dense, values, x, y;  // all of the weight, and row by row what is not zero of it
  std::vector<int> begin{0}, index;        // of each row its first value, and the columns

  SparseProduct() : dense(rows * columns), x(columns * batch), y(rows * batch) {
    uint32_t state = 1;
    const auto next = [&state] { return state = state * 1664525U + 1013904223U, state >> 8U; };
    const auto number = [&] { return static_cast<float>(next()) * 0x1p-23F - 1; };
    for (float& v : x) v = number();
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < columns; ++c) {
        if (next() % 20 != 0) continue;
        values.push_back(number());
        index.push_back(c);
        dense[static_cast<size_t>(r * columns + c)] = values.back();
      }
      begin.push_back(static_cast<int>(index.size()));
    }
  }

  /// Calls multiply(), which writes to `y` or to what `result()` returns, and prints a line of JSON with the
  /// median time of a call. Returns what main() should.
  template <class Multiply, class Result>
  int run(const char* library, const char* version, int threads, Multiply multiply, Result result) {
    multiply();
    const float* got = result();
    for (int r = 0; r < rows; ++r) {
      for (int j = 0; j < batch; ++j) {
        double sum = 0;
        for (int k = begin[static_cast<size_t>(r)]; k < begin[static_cast<size_t>(r) + 1]; ++k) {
          const auto at = static_cast<size_t>(k);
          sum += static_cast<double>(values[at]) *
                 static_cast<double>(x[static_cast<size_t>(index[at] * batch + j)]);
        }
        if (std::abs(sum - static_cast<double>(got[r * batch + j])) > 1e-4) {
          std::fprintf(stderr, "%s: result (%d, %d) is %g, expected %g\n", library, r, j,
                       static_cast<double>(got[r * batch + j]), sum);
          return 1;
        }
      }
    }
    using Clock = std::chrono::steady_clock;
    std::vector<double> times;
    for (const auto start = Clock::now();
         times.size() < 100 || Clock::now() - start < std::chrono::seconds(1);) {
      const auto before = Clock::now();
      multiply();
      times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - before).count());
    }
    std::nth_element(times.begin(), times.begin() + static_cast<int64_t>(times.size() / 2), times.end());
    std::printf(
        "{\"library\": \"%s\", \"version\": \"%s\", \"case\": \"sparse product\", \"batch\": %d, "
        "\"threads\": %d, \"forward_macs\": %zu, \"us\": %.3f}\n",
        library, version, batch, threads, values.size() * batch, times[times.size() / 2]);
    return 0;
  }
};

inline int threads_of(int argc, char** argv) { return argc > 1 ? std::atoi(argv[1]) : 1; }

}  // namespace bench
