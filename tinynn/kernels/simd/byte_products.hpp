// Products of bytes: a tile of four outputs times V vectors of results stays in registers over the loop on
// the terms.
#pragma once

#include <tinynn/kernels/simd/byte_vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
constexpr int parts = 1;
#else
constexpr int parts = 2;  // bytes 0 and 2 of a word, and 1 and 3, as numbers of 16 bits
#endif
// Beside 4 V sums, registers hold V vectors of x, in parts, and a weight.
constexpr int most_vectors = (registers == 32 ? 4 : 2) + (parts == 2 ? 0 : registers == 32 ? 2 : 1);

// Part `part` of the bytes of a vector of x.
template <int part>
inline Words part_of(Words x) {
  if constexpr (parts == 1) return x;
  return reinterpret_cast<Words>(reinterpret_cast<Unsigned>(x) >> (8 * part) & 0x00FF00FFU);
}

// sum + the products of x with w, which are one part of either.
inline Words add_products(Words sum, Words x, Words w) {
#if defined(__AVX512VNNI__)
  return reinterpret_cast<Words>(_mm512_dpbusd_epi32(
      reinterpret_cast<__m512i>(sum), reinterpret_cast<__m512i>(x), reinterpret_cast<__m512i>(w)));
#elif defined(__AVXVNNI__)
  return reinterpret_cast<Words>(_mm256_dpbusd_avx_epi32(
      reinterpret_cast<__m256i>(sum), reinterpret_cast<__m256i>(x), reinterpret_cast<__m256i>(w)));
#elif defined(__AVX512BW__)
  return sum + reinterpret_cast<Words>(
                   _mm512_madd_epi16(reinterpret_cast<__m512i>(x), reinterpret_cast<__m512i>(w)));
#elif defined(__AVX2__)
  return sum + reinterpret_cast<Words>(
                   _mm256_madd_epi16(reinterpret_cast<__m256i>(x), reinterpret_cast<__m256i>(w)));
#elif defined(__SSE2__)
  return sum +
         reinterpret_cast<Words>(_mm_madd_epi16(reinterpret_cast<__m128i>(x), reinterpret_cast<__m128i>(w)));
#else
  return sum + (x & 0xFFFF) * (w << 16 >> 16) + (x >> 16) * (w >> 16);
#endif
}

int32_t pair(int8_t low, int8_t high) {
  return static_cast<int32_t>((static_cast<uint32_t>(low) & 0xFFFFU) | static_cast<uint32_t>(high) << 16);
}

void pack(int64_t count, const int8_t* weights, int32_t* packed, int64_t pitch) {
  for (int64_t i = 0; i < count; ++i, weights += 4) {
    if (parts == 2) {
      packed[i] = pair(weights[0], weights[2]);
      packed[pitch + i] = pair(weights[1], weights[3]);
    } else {
      __builtin_memcpy(packed + i, weights, 4);
    }
  }
}

void split(int64_t count, int32_t* x, int32_t* second) {
  for (int64_t i = 0; i < count; i += lanes) {
    const Words all = load(x + i);
    store(x + i, part_of<0>(all));
    store(second + i, part_of<1>(all));
  }
}

template <int V>
// Not inlined into its caller, where registers would spill.
[[gnu::noinline]] void tile(const ByteTerms& terms, const int64_t* starts, int64_t to_second,
                            const int32_t* x, int32_t* sums, int64_t pitch) {
  Words sum[4][V];
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) sum[q][v] = broadcast(terms.bias[q]);
  }
  const int32_t* from[V];
  for (int v = 0; v < V; ++v) from[v] = x + starts[v];
  const int32_t* packed = terms.packed;
  for (const int64_t *offset = terms.offsets, *end = offset + terms.count; offset != end;
       ++offset, packed += 4 * parts) {
    Words low[V], high[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      low[v] = load(from[v] + *offset);
      if constexpr (parts == 2) high[v] = load(from[v] + *offset + to_second);
    }
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) {
      const Words w = broadcast(packed[q]);
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) sum[q][v] = add_products(sum[q][v], low[v], w);
      if constexpr (parts == 2) {
        const Words other = broadcast(packed[4 + q]);
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) sum[q][v] = add_products(sum[q][v], high[v], other);
      }
    }
  }
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) store(sums + q * pitch + v * lanes, sum[q][v]);
  }
}

// Tiles of V vectors, then of fewer.
template <int V>
void tiles(const ByteTerms& terms, const BytePlaces& places, int64_t at, const int32_t* x, int32_t* sums,
           int64_t pitch) {
  for (; places.vectors - at >= V; at += V)
    tile<V>(terms, places.from + at, places.to_second, x, sums + at * lanes, pitch);
  if constexpr (V > 1) tiles<V - 1>(terms, places, at, x, sums, pitch);
}

void multiply(const ByteTerms& terms, const BytePlaces& places, const int32_t* x, int32_t* sums,
              int64_t pitch) {
  tiles<most_vectors>(terms, places, 0, x, sums, pitch);
}

template <int V>
void one(int64_t terms, int64_t vectors, int64_t at, const int32_t* x, const int32_t* packed,
         const int32_t* bias, int32_t* sums) {
  for (; vectors - at >= V; at += V) {
    Words sum[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) sum[v] = load(bias + (at + v) * lanes);
    const int32_t* w = packed + at * lanes;
    for (int64_t t = 0; t < terms; ++t, w += parts * vectors * lanes) {
      const Words all = broadcast(x[t]), low = part_of<0>(all);
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) sum[v] = add_products(sum[v], low, load(w + v * lanes));
      if constexpr (parts == 2) {
        const Words high = part_of<1>(all);
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) sum[v] = add_products(sum[v], high, load(w + (vectors + v) * lanes));
      }
    }
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) store(sums + (at + v) * lanes, sum[v]);
  }
  if constexpr (V > 1) one<V / 2>(terms, vectors, at, x, packed, bias, sums);
}

void multiply_one(int64_t terms, int64_t vectors, const int32_t* x, const int32_t* packed,
                  const int32_t* bias, int32_t* sums) {
  one<8>(terms, vectors, 0, x, packed, bias, sums);
}

}  // namespace
}  // namespace tinynn::kernels::simd::TINYNN_ISA
