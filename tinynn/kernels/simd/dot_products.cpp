// dot_products: a tile of O rows of g times T terms of x adds up in registers, lane by lane, over all
// vectors; the lanes of each sum come together at its end.
#include <tinynn/kernels/simd/lanes.hpp>
#include <tinynn/kernels/simd/loops.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

// Beside the O * T sums, registers hold O vectors of g and one of x.
constexpr int most_outputs = registers == 32 ? 4 : 3;
constexpr int most_terms = registers == 32 ? 6 : 4;

template <int O, int T>
void tile(const Places& places, const int64_t* offsets, const float* x, const float* g, int64_t stride,
          float* sums) {
  Vector sum[O][T] = {};
  const float* in[T];
  for (int t = 0; t < T; ++t) in[t] = x + offsets[t];
  for (int64_t v = 0; v < places.vectors; ++v) {
    Vector left[O];
#pragma GCC unroll 8
    for (int o = 0; o < O; ++o) left[o] = load(g + o * stride + v * lanes);
    const int64_t from = places.from[v];
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      const Vector right = load(in[t] + from);
#pragma GCC unroll 8
      for (int o = 0; o < O; ++o) sum[o][t] += left[o] * right;
    }
  }
  // The lanes of as many sums as there are lanes come together at once.
#pragma GCC unroll 8
  for (int first = 0; first < O * T; first += lanes) {
    Vector some[lanes] = {};
#pragma GCC unroll 16
    for (int k = 0; k < lanes; ++k) {
      if (first + k < O * T) some[k] = sum[(first + k) / T][(first + k) % T];
    }
    const Vector totals = sums_of_lanes(some);
#pragma GCC unroll 16
    for (int k = 0; k < lanes; ++k) {
      if (first + k < O * T) sums[(first + k) / T * places.terms + (first + k) % T] += totals[k];
    }
  }
}

// All rows of g, in blocks, with T terms.
template <int T>
void rows(const Places& places, int64_t term, int64_t outputs, const float* x, const float* g, int64_t stride,
          float* sums) {
  const int64_t* offsets = places.offsets + term;
  const Blocks blocks = cut(outputs, most_outputs);
  for (int64_t block = 0; block < blocks.blocks; ++block) {
    const int64_t first = blocks.begin(block);
    const float* left = g + first * stride;
    float* out = sums + first * places.terms + term;
    switch (blocks.size(block)) {
      case 1: tile<1, T>(places, offsets, x, left, stride, out); break;
      case 2: tile<2, T>(places, offsets, x, left, stride, out); break;
      case 3: tile<3, T>(places, offsets, x, left, stride, out); break;
      default: tile<most_outputs, T>(places, offsets, x, left, stride, out); break;
    }
  }
}

}  // namespace

void dot_products(const Places& places, int64_t outputs, const float* x, const float* g, int64_t stride,
                  float* sums) {
  const Blocks blocks = cut(places.terms, most_terms);
  for (int64_t block = 0; block < blocks.blocks; ++block) {
    const int64_t term = blocks.begin(block);
    switch (blocks.size(block)) {
      case 1: rows<1>(places, term, outputs, x, g, stride, sums); break;
      case 2: rows<2>(places, term, outputs, x, g, stride, sums); break;
      case 3: rows<3>(places, term, outputs, x, g, stride, sums); break;
      case 4: rows<4>(places, term, outputs, x, g, stride, sums); break;
      case 5: rows<most_terms == 4 ? 4 : 5>(places, term, outputs, x, g, stride, sums); break;
      default: rows<most_terms>(places, term, outputs, x, g, stride, sums); break;
    }
  }
}

}  // namespace tinynn::kernels::simd::TINYNN_ISA
