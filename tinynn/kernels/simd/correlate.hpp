// correlate: a tile of O outputs times V vectors of results stays in registers over the loop on the terms, so
// that every weight and every vector read serves several products.
#pragma once

#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

constexpr int most_outputs = 6;
// Beside the O * V sums, registers hold V vectors of x and a weight: three where blocks have up to four
// outputs, but for baseline's, which holds a product, too.
constexpr int most_vectors = registers == 32 ? 4 : 2;
constexpr int most_of_few = lanes == 8 ? 3 : most_vectors;

// From vector number `at` on.
template <int O, int V>
// Not inlined into its caller, where registers would spill: that took up to 30% more time.
[[gnu::noinline]] void tile(const Places& places, int64_t at, const float* x, const float* weight,
                            const float* bias, float* y, int64_t stride) {
  Vector sum[O][V];
#pragma GCC unroll 8
  for (int o = 0; o < O; ++o) {
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) sum[o][v] = broadcast(bias != nullptr ? bias[o] : 0);
  }
  const float* in[V];
  for (int v = 0; v < V; ++v) in[v] = x + places.from[at + v];
  for (int64_t t = 0; t < places.terms; ++t, weight += O) {
    const int64_t offset = places.offsets[t];
    Vector factor[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) factor[v] = load(in[v] + offset);
#pragma GCC unroll 8
    for (int o = 0; o < O; ++o) {
      const Vector w = broadcast(weight[o]);
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) sum[o][v] += w * factor[v];
    }
  }
  const int64_t used = places.used;
#pragma GCC unroll 8
  for (int v = 0; v < V; ++v) {
    float* out = y + places.to[at + v];
#pragma GCC unroll 8
    for (int o = 0; o < O; ++o) store_some(out + o * stride, sum[o][v], used);
  }
}

// Strips of V vectors, then of fewer, each for all outputs in blocks.
template <int V>
void strips(const Places& places, int64_t at, int64_t outputs, const float* x, const float* packed,
            const float* bias, float* y, int64_t stride) {
  for (; at + V <= places.vectors; at += V) {
    for_blocks<most_outputs>(outputs, [&](int64_t o, auto size) {
      tile<size.value, V>(places, at, x, packed + o * places.terms, bias == nullptr ? nullptr : bias + o,
                          y + o * stride, stride);
    });
  }
  if constexpr (V > 1) strips<V - 1>(places, at, outputs, x, packed, bias, y, stride);
}

void pack(int64_t outputs, int64_t terms, const float* weight, float* packed) {
  for_blocks<most_outputs>(outputs, [&](int64_t first, auto size) {
    for (int64_t o = first; o < first + size.value; ++o) {
      for (int64_t t = 0; t < terms; ++t) {
        packed[first * terms + t * size.value + o - first] = weight[o * terms + t];
      }
    }
  });
}

void correlate(const Places& places, int64_t outputs, const float* x, const float* packed, const float* bias,
               float* y, int64_t stride) {
  const int64_t blocks = (outputs + most_outputs - 1) / most_outputs;
  const bool few = outputs <= 4 * blocks;
  (few ? strips<most_of_few> : strips<most_vectors>)(places, 0, outputs, x, packed, bias, y, stride);
}

}  // namespace
}  // namespace tinynn::kernels::simd::TINYNN_ISA
