// Products with the live elements of a weight, vectors of samples or positions at a time; ../sparse.hpp has
// the idea.
#pragma once

#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

// Calls f(at, n as a Constant) for strips of four vectors, then for single ones.
template <class F>
void in_strips(int64_t vectors, const F& f) {
  int64_t at = 0;
  for (; at + 4 <= vectors; at += 4) f(at, Constant<4>());
  for (; at < vectors; ++at) f(at, Constant<1>());
}

// Rows at n vectors.
template <int n>
// Not inlined into its caller, where registers would spill: that took up to 30% more time.
[[gnu::noinline]] void rows_of(const LiveRows& rows, const float* bias, const Places& places, int64_t at,
                               const float* x, float* y, int64_t stride) {
  const auto [first, end, begin, offset, pitch, values] = rows;
  const float* in[n];
  for (int i = 0; i < n; ++i) in[i] = x + places.from[at + i];
  for (int64_t r = first; r < end; ++r) {
    // Two sums side by side, for an addition takes longer than until the next could begin.
    Vector even[n], odd[n];
    for (int i = 0; i < n; ++i) {
      even[i] = broadcast(bias == nullptr ? 0.0F : bias[r]);
      odd[i] = Vector{};
    }
    int32_t k = begin[r];
    for (; k + 1 < begin[r + 1]; k += 2) {
      const Vector v = broadcast(values[k]), w = broadcast(values[k + 1]);
      const int64_t p = pitch * offset[k], q = pitch * offset[k + 1];
      for (int i = 0; i < n; ++i) even[i] += v * load(in[i] + p);
      for (int i = 0; i < n; ++i) odd[i] += w * load(in[i] + q);
    }
    if (k < begin[r + 1]) {
      const Vector v = broadcast(values[k]);
      for (int i = 0; i < n; ++i) even[i] += v * load(in[i] + pitch * offset[k]);
    }
    for (int i = 0; i < n; ++i) store_some(y + r * stride + places.to[at + i], even[i] + odd[i], places.used);
  }
}

// Dot products over n vectors.
template <int n>
// Not inlined into its caller, where registers would spill: that took up to 30% more time.
[[gnu::noinline]] void dots_of(const LiveRows& rows, const Places& places, int64_t at, const float* g,
                               int64_t stride, const float* x, float* sums) {
  const int32_t *begin = rows.begin, *offset = rows.offset;
  const float* in[n];
  for (int i = 0; i < n; ++i) in[i] = x + places.from[at + i];
  const auto product = [&](const Vector* row, int32_t k) {
    const int64_t p = rows.pitch * offset[k];
    Vector sum = row[0] * load(in[0] + p);
    for (int i = 1; i < n; ++i) sum += row[i] * load(in[i] + p);
    return sum;
  };
  for (int64_t r = rows.first; r < rows.end; ++r) {
    Vector row[n];
    for (int i = 0; i < n; ++i) row[i] = load(g + r * stride + (at + i) * lanes);
    int32_t k = begin[r];
    for (; k + lanes <= begin[r + 1]; k += lanes) {
      Vector v[lanes];  // as many elements as lanes
#pragma GCC unroll 16
      for (int j = 0; j < lanes; ++j) v[j] = product(row, k + j);
      store(sums + k, load(sums + k) + sums_of_lanes(v));
    }
    for (; k < begin[r + 1]; ++k) {
      const Vector v = product(row, k);
      for (int j = 0; j < lanes; ++j) sums[k] += v[j];
    }
  }
}

void sparse_rows(const LiveRows& rows, const float* bias, const Places& places, const float* x, float* y,
                 int64_t stride) {
  in_strips(places.vectors,
            [&](int64_t at, auto n) { rows_of<n.value>(rows, bias, places, at, x, y, stride); });
}

void sparse_dots(const LiveRows& rows, const Places& places, const float* g, int64_t stride, const float* x,
                 float* sums) {
  in_strips(places.vectors,
            [&](int64_t at, auto n) { dots_of<n.value>(rows, places, at, g, stride, x, sums); });
}

}  // namespace
}  // namespace tinynn::kernels::simd::TINYNN_ISA
