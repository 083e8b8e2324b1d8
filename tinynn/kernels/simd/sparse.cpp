// Products with the live elements of a weight, vectors of samples or positions at a time; ../sparse.hpp has
// the idea.
#include <tinynn/kernels/simd/lanes.hpp>
#include <tinynn/kernels/simd/loops.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

// Rows at n vectors.
template <int n>
inline void rows_of(int64_t begin_row, int64_t end_row, const int32_t* begin, const int32_t* offset,
                    const float* values, const float* bias, const Places& places, int64_t at, const float* x,
                    float* y, int64_t stride) {
  const float* in[n];
  for (int i = 0; i < n; ++i) in[i] = x + places.from[at + i];
  for (int64_t r = begin_row; r < end_row; ++r) {
    // Two sums side by side, for an addition takes longer than until the next could begin.
    Vector even[n], odd[n];
    for (int i = 0; i < n; ++i) {
      even[i] = broadcast(bias == nullptr ? 0.0F : bias[r]);
      odd[i] = Vector{};
    }
    int32_t k = begin[r];
    for (; k + 1 < begin[r + 1]; k += 2) {
      const Vector v = broadcast(values[k]), w = broadcast(values[k + 1]);
      const int64_t p = offset[k], q = offset[k + 1];
      for (int i = 0; i < n; ++i) even[i] += v * load(in[i] + p);
      for (int i = 0; i < n; ++i) odd[i] += w * load(in[i] + q);
    }
    if (k < begin[r + 1]) {
      const Vector v = broadcast(values[k]);
      for (int i = 0; i < n; ++i) even[i] += v * load(in[i] + offset[k]);
    }
    for (int i = 0; i < n; ++i) store_some(y + r * stride + places.to[at + i], even[i] + odd[i], places.used);
  }
}

// Dot products over n vectors.
template <int n>
inline void dots_of(int64_t begin_row, int64_t end_row, const int32_t* begin, const int32_t* offset,
                    const Places& places, int64_t at, const float* g, int64_t stride, const float* x,
                    float* sums) {
  const float* in[n];
  for (int i = 0; i < n; ++i) in[i] = x + places.from[at + i];
  const auto product = [&](const Vector* row, int32_t k) {
    Vector sum = row[0] * load(in[0] + offset[k]);
    for (int i = 1; i < n; ++i) sum += row[i] * load(in[i] + offset[k]);
    return sum;
  };
  for (int64_t r = begin_row; r < end_row; ++r) {
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

}  // namespace

void transpose(int64_t rows, int64_t columns, const float* from, int64_t from_pitch, float* to,
               int64_t to_pitch) {
  int64_t r = 0;
  for (; r + lanes <= rows; r += lanes) {
    int64_t c = 0;
    for (; c + lanes <= columns; c += lanes) {
      Vector v[lanes];
      for (int i = 0; i < lanes; ++i) v[i] = load(from + (r + i) * from_pitch + c);
      transpose_block(v);
      for (int i = 0; i < lanes; ++i) store(to + (c + i) * to_pitch + r, v[i]);
    }
    for (; c < columns; ++c) {
      for (int i = 0; i < lanes; ++i) to[c * to_pitch + r + i] = from[(r + i) * from_pitch + c];
    }
  }
  for (; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) to[c * to_pitch + r] = from[r * from_pitch + c];
  }
}

void sparse_rows(int64_t begin_row, int64_t end_row, const int32_t* begin, const int32_t* offset,
                 const float* values, const float* bias, const Places& places, const float* x, float* y,
                 int64_t stride) {
  int64_t at = 0;
  for (; at + 4 <= places.vectors; at += 4) {
    rows_of<4>(begin_row, end_row, begin, offset, values, bias, places, at, x, y, stride);
  }
  for (; at < places.vectors; ++at)
    rows_of<1>(begin_row, end_row, begin, offset, values, bias, places, at, x, y, stride);
}

void sparse_dots(int64_t begin_row, int64_t end_row, const int32_t* begin, const int32_t* offset,
                 const Places& places, const float* g, int64_t stride, const float* x, float* sums) {
  int64_t at = 0;
  for (; at + 4 <= places.vectors; at += 4)
    dots_of<4>(begin_row, end_row, begin, offset, places, at, g, stride, x, sums);
  for (; at < places.vectors; ++at)
    dots_of<1>(begin_row, end_row, begin, offset, places, at, g, stride, x, sums);
}

}  // namespace tinynn::kernels::simd::TINYNN_ISA
