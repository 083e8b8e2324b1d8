// correlate: a tile of O outputs times V vectors of results stays in registers over the loop on the terms, so
// that every weight and every vector read serves several products.
#include <tinynn/kernels/simd/lanes.hpp>
#include <tinynn/kernels/simd/loops.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

constexpr int most_outputs = 6;
// Beside the O * V sums, registers hold V vectors of x and a weight.
constexpr int most_vectors = registers == 32 ? 4 : 2;

template <int O, int V>
void tile(const Places& places, const int64_t* from, const int64_t* to, const float* x, const float* weight,
          const float* bias, float* y, int64_t stride) {
  Vector sum[O][V];
#pragma GCC unroll 8
  for (int o = 0; o < O; ++o) {
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) sum[o][v] = broadcast(bias != nullptr ? bias[o] : 0);
  }
  const float* in[V];
  for (int v = 0; v < V; ++v) in[v] = x + from[v];
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
#pragma GCC unroll 8
  for (int o = 0; o < O; ++o) {
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      store_some(y + o * stride + to[v], sum[o][v], places.used);
    }
  }
}

// All outputs, in blocks, at V vectors.
template <int V>
void strip(const Places& places, int64_t at, int64_t outputs, const float* x, const float* packed,
           const float* bias, float* y, int64_t stride) {
  const int64_t *from = places.from + at, *to = places.to + at;
  const Blocks blocks = cut(outputs, most_outputs);
  for (int64_t block = 0; block < blocks.blocks; ++block) {
    const int64_t first = blocks.begin(block);
    const float *weight = packed + first * places.terms, *shift = bias == nullptr ? nullptr : bias + first;
    float* out = y + first * stride;
    switch (blocks.size(block)) {
      case 1: tile<1, V>(places, from, to, x, weight, shift, out, stride); break;
      case 2: tile<2, V>(places, from, to, x, weight, shift, out, stride); break;
      case 3: tile<3, V>(places, from, to, x, weight, shift, out, stride); break;
      case 4: tile<4, V>(places, from, to, x, weight, shift, out, stride); break;
      case 5: tile<5, V>(places, from, to, x, weight, shift, out, stride); break;
      default: tile<6, V>(places, from, to, x, weight, shift, out, stride); break;
    }
  }
}

// Strips of V vectors, then of fewer.
template <int V>
void strips(const Places& places, int64_t at, int64_t outputs, const float* x, const float* packed,
            const float* bias, float* y, int64_t stride) {
  for (; at + V <= places.vectors; at += V) strip<V>(places, at, outputs, x, packed, bias, y, stride);
  if constexpr (V > 1) strips<V - 1>(places, at, outputs, x, packed, bias, y, stride);
}

}  // namespace

void pack(int64_t outputs, int64_t terms, const float* weight, float* packed) {
  const Blocks blocks = cut(outputs, most_outputs);
  for (int64_t block = 0; block < blocks.blocks; ++block) {
    const int64_t first = blocks.begin(block), size = blocks.size(block);
    for (int64_t o = 0; o < size; ++o) {
      for (int64_t t = 0; t < terms; ++t) {
        packed[first * terms + t * size + o] = weight[(first + o) * terms + t];
      }
    }
  }
}

void correlate(const Places& places, int64_t outputs, const float* x, const float* packed, const float* bias,
               float* y, int64_t stride) {
  strips<most_vectors>(places, 0, outputs, x, packed, bias, y, stride);
}

}  // namespace tinynn::kernels::simd::TINYNN_ISA
