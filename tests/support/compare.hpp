// Comparisons that say in words where two arrays part, so that CHECK(difference(a, b) == "") explains itself.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <sstream>
#include <string>

namespace test {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

/// The first element of `got` that is further from `want` than tolerance * max(1, |want|), in words; empty if
/// there is none. NaN and infinity match only themselves.
template <class A, class B>
std::string difference(const A& got, const B& want, double tolerance = 1e-5) {
  std::ostringstream text;
  const std::span a(got);
  const std::span b(want);
  if (a.size() != b.size()) {
    text << "got " << a.size() << " elements, expected " << b.size();
    return text.str();
  }
  for (size_t i = 0; i < a.size(); ++i) {
    const auto x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    if (std::abs(x - y) <= tolerance * std::max(1.0, std::abs(y)) && std::isfinite(y)) continue;
    text.precision(10);
    text << "element " << i << " of " << a.size() << ": got " << x << ", expected " << y;
    return text.str();
  }
  return "";
}

/// The first element whose bits differ, in words; empty if there is none. Tells +0 from -0.
template <class A, class B>
std::string bit_difference(const A& got, const B& want) {
  std::ostringstream text;
  const std::span<const float> a(got), b(want);
  if (a.size() != b.size()) {
    text << "got " << a.size() << " elements, expected " << b.size();
    return text.str();
  }
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<uint32_t>(a[i]) == std::bit_cast<uint32_t>(b[i])) continue;
    text << std::hexfloat << "element " << i << " of " << a.size() << ": got " << a[i] << ", expected "
         << b[i];
    return text.str();
  }
  return "";
}

}  // namespace test
