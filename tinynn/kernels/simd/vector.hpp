// A vector of floats as wide as the instruction set has them, by GCC's vector extensions, which Clang and
// every architecture understand. TINYNN_ISA, set by CMake, names the instruction set that a file is compiled
// for; everything in it stays in a namespace of that name.
#pragma once

#include <cstdint>

#include <tinynn/kernels/simd/table.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {

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
/// The same at any address.
using Unaligned =
    float __attribute__((vector_size(lanes * sizeof(float)), aligned(alignof(float)), may_alias));

static inline Vector load(const float* p) { return *reinterpret_cast<const Unaligned*>(p); }
static inline void store(float* p, Vector v) { *reinterpret_cast<Unaligned*>(p) = v; }
// Not plus: -0 + 0 is 0, which would take an addition.
static inline Vector broadcast(float value) { return value - Vector{}; }

static inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/// A row of things cut into the fewest blocks of at most `most`, as even as can be: a block of one is slow.
struct Blocks {
  int64_t count, blocks;
  int64_t begin(int64_t block) const { return count * block / blocks; }
  int64_t size(int64_t block) const { return begin(block + 1) - begin(block); }
};
static inline Blocks cut(int64_t count, int64_t most) { return {count, (count + most - 1) / most}; }

}  // namespace tinynn::kernels::simd::TINYNN_ISA
