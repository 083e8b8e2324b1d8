// A vector of floats as wide as the instruction set has them, by GCC's vector extensions, which Clang and
// every architecture understand. TINYNN_ISA, set by CMake, names the instruction set that a file is compiled
// for; everything in it stays in a namespace of that name.
#pragma once

#include <cstdint>

#include <tinynn/kernels/simd/table.hpp>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int registers = 32;
#else
constexpr int registers = 16;
#endif

using Vector = float __attribute__((vector_size(lanes * sizeof(float))));
using Four = float __attribute__((vector_size(16)));
// The same, and half a vector, at any address. Clang takes an alignment from a typedef alone, not from
// `using`.
constexpr int half = lanes / 2;
typedef float Unaligned
    __attribute__((vector_size(lanes * sizeof(float)), aligned(alignof(float)), may_alias));
typedef float UnalignedFour __attribute__((vector_size(16), aligned(alignof(float)), may_alias));
typedef float Half __attribute__((vector_size(half * sizeof(float)), aligned(alignof(float)), may_alias));
static_assert(alignof(Unaligned) == alignof(float) && alignof(UnalignedFour) == alignof(float) &&
              alignof(Half) == alignof(float));

inline Vector load(const float* p) { return *reinterpret_cast<const Unaligned*>(p); }
inline Four load_four(const float* p) { return *reinterpret_cast<const UnalignedFour*>(p); }
inline void store(float* p, Vector v) { *reinterpret_cast<Unaligned*>(p) = v; }
inline void store_four(float* p, Four v) { *reinterpret_cast<UnalignedFour*>(p) = v; }
// Not plus: -0 + 0 is 0, which would take an addition.
inline Vector broadcast(float value) { return value - Vector{}; }

// Writes the first `used` lanes.
inline void store_some(float* y, Vector v, int64_t used) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(y, static_cast<__mmask16>((1U << used) - 1), v);
#else
  if (used == lanes) return store(y, v);
  float all[lanes];
  store(all, v);
  if (used >= half) {  // two halves that overlap
    *reinterpret_cast<Half*>(y) = *reinterpret_cast<const Half*>(all);
    *reinterpret_cast<Half*>(y + used - half) = *reinterpret_cast<const Half*>(all + used - half);
  } else {
    for (int64_t i = 0; i < used; ++i) y[i] = all[i];
  }
#endif
}

// The numbers 0 .. n-1 as a pack.
template <int... i>
struct Sequence {};
template <int n, int... i>
struct Count : Count<n - 1, n - 1, i...> {};
template <int... i>
struct Count<0, i...> {
  using Numbers = Sequence<i...>;
};

template <int stage, int... i>
inline Vector low_part(Vector a, Vector b, Sequence<i...>) {
  return __builtin_shufflevector(a, b, ((i & stage) != 0 ? lanes + i - stage : i)...);
}
template <int stage, int... i>
inline Vector high_part(Vector a, Vector b, Sequence<i...>) {
  return __builtin_shufflevector(a, b, ((i & stage) != 0 ? lanes + i : i + stage)...);
}

// Of two vectors, exchanges the elements off the diagonal of their blocks of `stage` lanes.
template <int stage>
inline void exchange(Vector& a, Vector& b) {
  const Vector low = low_part<stage>(a, b, Count<lanes>::Numbers());
  b = high_part<stage>(a, b, Count<lanes>::Numbers());
  a = low;
}

// Element j of the result is the sum of the lanes of v[j]. Overwrites v.
template <int stage = 1>
inline Vector sums_of_lanes(Vector* v) {
  if constexpr (stage < lanes) {
#pragma GCC unroll 8
    for (int i = 0; i < lanes / 2 / stage; ++i) {
      exchange<stage>(v[2 * i], v[2 * i + 1]);
      v[i] = v[2 * i] + v[2 * i + 1];
    }
    sums_of_lanes<2 * stage>(v);
  }
  return v[0];
}

// Vector i becomes element i of all vectors.
template <int stage = 1>
inline void transpose_block(Vector* v) {
  if constexpr (stage < lanes) {
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) {
      if ((i & stage) == 0) exchange<stage>(v[i], v[i + stage]);
    }
    transpose_block<2 * stage>(v);
  }
}

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// A number that is known when it is compiled.
template <int n>
struct Constant {
  static constexpr int value = n;
};

// Calls f(Constant<n>()) for an n of 1 to `most`.
template <int most, class F>
inline void with_constant(int64_t n, const F& f) {
  if constexpr (most > 1) {
    if (n < most) return with_constant<most - 1>(n, f);
  }
  f(Constant<most>());
}

// Calls f(begin, size as a Constant) for `count` things cut into the fewest blocks of at most `most`, as even
// as can be: a block of one is slow.
template <int most, class F>
inline void for_blocks(int64_t count, const F& f) {
  const int64_t blocks = (count + most - 1) / most;
  for (int64_t block = 1, begin = 0; block <= blocks; ++block) {
    // The last one needs no division, which takes as long as little work.
    const int64_t end = block == blocks ? count : count * block / blocks;
    with_constant<most>(end - begin, [&](auto size) { f(begin, size); });
    begin = end;
  }
}

}  // namespace
}  // namespace tinynn::kernels::simd::TINYNN_ISA
