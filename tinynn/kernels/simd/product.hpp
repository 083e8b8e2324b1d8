// multiply: a tile of R rows times V vectors of a product stays in registers over the loop on the terms; b is
// read as it lies.
#pragma once

#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

constexpr int rows_at_once = registers == 32 ? 8 : 6;  // beside 2 vectors of b

template <int R, int V>
[[gnu::noinline]] void product_tile(const Product& p, const float* a, const float* b, float* c) {
  const int64_t terms = p.terms, pitch = p.pitch, a_row = p.a_row, a_term = p.a_term;
  Vector sum[R][V];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int k = 0; k < V; ++k) sum[r][k] = p.accumulate ? load(c + r * pitch + k * lanes) : Vector{};
  }
  for (int64_t t = 0; t < terms; ++t, a += a_term, b += pitch) {
    Vector factor[V];
#pragma GCC unroll 8
    for (int k = 0; k < V; ++k) factor[k] = load(b + k * lanes);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const Vector w = broadcast(a[r * a_row]);
#pragma GCC unroll 8
      for (int k = 0; k < V; ++k) sum[r][k] += w * factor[k];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int k = 0; k < V; ++k) store(c + r * pitch + k * lanes, sum[r][k]);
  }
}

void multiply(const Product& p, const float* a, const float* b, float* c) {
  for_blocks<rows_at_once>(p.rows, [&](int64_t r, auto size) {
    const float* rows = a + r * p.a_row;
    float* to = c + r * p.pitch;
    int64_t o = 0;
    for (; o + 2 * lanes <= p.columns; o += 2 * lanes) product_tile<size.value, 2>(p, rows, b + o, to + o);
    for (; o < p.columns; o += lanes) {
      const int64_t at = smaller(o, p.columns - lanes);  // the last vector may overlap the one before it
      product_tile<size.value, 1>(p, rows, b + at, to + at);
    }
  });
}

}  // namespace
}  // namespace tinynn::kernels::simd::TINYNN_ISA
