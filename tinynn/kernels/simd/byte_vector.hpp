// Vectors of whole numbers, and the bytes that become them, as wide as the instruction set has them.
#pragma once

#include <tinynn/kernels/simd/bytes.hpp>
#include <tinynn/kernels/simd/vector.hpp>

#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

typedef int32_t Words __attribute__((vector_size(4 * lanes)));
typedef uint32_t Unsigned __attribute__((vector_size(4 * lanes)));
typedef int32_t UnalignedWords __attribute__((vector_size(4 * lanes), aligned(4), may_alias));
typedef uint8_t SomeBytes __attribute__((vector_size(lanes), aligned(1), may_alias));
typedef int8_t SomeSigned __attribute__((vector_size(lanes), aligned(1), may_alias));
typedef uint8_t Bytes __attribute__((vector_size(16)));
typedef uint8_t UnalignedBytes __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint8_t HalfBytes __attribute__((vector_size(8), aligned(1), may_alias));
typedef uint16_t Pairs __attribute__((vector_size(16)));

inline Words load(const int32_t* p) { return *reinterpret_cast<const UnalignedWords*>(p); }
inline void store(int32_t* p, Words v) { *reinterpret_cast<UnalignedWords*>(p) = v; }
inline Words broadcast(int32_t value) { return value - Words{}; }

// The lowest byte of each word.
inline void store_bytes(uint8_t* p, Words v) {
#if defined(__AVX512F__)
  _mm_storeu_si128(reinterpret_cast<__m128i_u*>(p), _mm512_cvtepi32_epi8(reinterpret_cast<__m512i>(v)));
#elif defined(__AVX2__)
  const __m256i first = _mm256_set1_epi32(0x0C080400),
                bytes = _mm256_shuffle_epi8(reinterpret_cast<__m256i>(v), first);
  const __m128i both = _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i_u*>(p), both);
#else
  *reinterpret_cast<SomeBytes*>(p) = __builtin_convertvector(v, SomeBytes);
#endif
}

}  // namespace
}  // namespace tinynn::kernels::simd::TINYNN_ISA
