// Runs an exported header on samples from a file and compares: C++17, without tinynn.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

inline std::vector<float> read_floats(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<float> numbers(bytes.size() / sizeof(float));
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(numbers.data()));
  return numbers;
}

/// No output may be further from what is expected than the tolerance times the largest one.
inline bool check(const std::string& name, void (*predict)(const float*, float*), double tolerance,
                  std::size_t constant_bytes, std::size_t expected_bytes) {
  constexpr std::size_t samples = 4;
  const auto x = read_floats(name + ".input"), want = read_floats(name + ".output");
  std::vector<float> y(want.size() / samples);
  double largest = 0, furthest = 0;
  for (const float w : want) largest = std::max(largest, std::abs(static_cast<double>(w)));
  for (std::size_t i = 0; i < samples; ++i) {
    predict(x.data() + i * (x.size() / samples), y.data());
    for (std::size_t k = 0; k < y.size(); ++k) {
      const double off = std::abs(static_cast<double>(y[k] - want[i * y.size() + k]));
      furthest = off <= furthest ? furthest : off;  // NaN is far
    }
  }
  const bool good = !want.empty() && furthest <= tolerance * largest && constant_bytes == expected_bytes;
  std::printf("%s%s: off by %.2g of %.2g, %zu bytes of constants, expected %zu\n",
              good ? "" : "FAILED: ", name.c_str(), furthest, largest, constant_bytes, expected_bytes);
  return good;
}
