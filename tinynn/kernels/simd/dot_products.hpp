// dot_products: a tile of O rows of g times T terms of x adds up in registers, lane by lane, over all
// vectors; the lanes of each sum come together at its end.
#pragma once

#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

template <int O, int T>
// Not inlined into its caller, where registers would spill: that took up to 30% more time.
[[gnu::noinline]] void tile_of_sums(const Places& places, const int64_t* offsets, const float* x,
                                    const float* g, int64_t stride, float* sums) {
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

void dot_products(const Places& places, int64_t outputs, const float* x, const float* g, int64_t stride,
                  float* sums) {
  // Beside the O * T sums, registers hold O vectors of g and one of x.
  constexpr int most_rows = registers == 32 ? 4 : 3, most_terms = registers == 32 ? 6 : 4;
  for_blocks<most_terms>(places.terms, [&](int64_t term, auto terms) {
    for_blocks<most_rows>(outputs, [&](int64_t o, auto rows) {
      tile_of_sums<rows.value, terms.value>(places, places.offsets + term, x, g + o * stride, stride,
                                            sums + o * places.terms + term);
    });
  });
}

}  // namespace
}  // namespace tinynn::kernels::simd::TINYNN_ISA
