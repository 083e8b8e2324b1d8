// Given: eight floats that are added, subtracted and multiplied at once, by + - * and +=, also with a single
// float (2.0F * v). It is GCC's and clang's vector type: one AVX2 register, or two of four floats on a
// machine that has no more. Compilers make vectors of plain loops, too, but not of all, and seldom keep an
// array of sums in registers.
#pragma once

#include <cstring>

namespace lab5 {

using Vector [[gnu::vector_size(32)]] = float;

/// The eight floats from `from` on, at any address.
inline Vector load(const float* from) {
  Vector v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline void store(float* to, const Vector& v) { std::memcpy(to, &v, sizeof v); }

/// The sum of its eight floats. It takes as long as six multiply-adds or so: not for the innermost loop.
inline float sum_of_lanes(const Vector& v) {
  const Vector four = v + __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3);
  const Vector two = four + __builtin_shufflevector(four, four, 2, 3, 0, 1, 6, 7, 4, 5);
  return two[0] + two[1];
}

}  // namespace lab5
