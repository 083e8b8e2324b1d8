// Copies of short rows: a call of memcpy takes longer than most of them.
#pragma once

#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

// The last vector of a row starts as far back as it takes to be whole.
void copy_row(int64_t width, const float* from, float* to) {
  if (width >= lanes) {
    for (int64_t i = 0; i + lanes <= width; i += lanes) store(to + i, load(from + i));
    if (width % lanes != 0) store(to + width - lanes, load(from + width - lanes));
  } else if (width >= 4) {
    for (int64_t i = 0; i + 4 <= width; i += 4) store_four(to + i, load_four(from + i));
    if (width % 4 != 0) store_four(to + width - 4, load_four(from + width - 4));
  } else {
    for (int64_t i = 0; i < width; ++i) to[i] = from[i];
  }
}

void copy_rows(int64_t rows, int64_t width, const float* from, int64_t from_pitch, int64_t step, float* to,
               int64_t to_pitch) {
  for (int64_t r = 0; r < rows; ++r, from += from_pitch, to += to_pitch) {
    if (step == 1) {
      copy_row(width, from, to);
    } else if (step == 2) {  // a constant step becomes vector instructions
      for (int64_t i = 0; i < width; ++i) to[i] = from[2 * i];
    } else {
      for (int64_t i = 0; i < width; ++i) to[i] = from[i * step];
    }
  }
}

void add_rows(int64_t rows, int64_t width, const float* from, int64_t from_pitch, float* to,
              int64_t to_pitch) {
  for (int64_t r = 0; r < rows; ++r, from += from_pitch, to += to_pitch) {
    int64_t i = 0;
    for (; i + lanes <= width; i += lanes) store(to + i, load(to + i) + load(from + i));
    for (; i + 4 <= width; i += 4) store_four(to + i, load_four(to + i) + load_four(from + i));
    for (; i < width; ++i) to[i] += from[i];
  }
}

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

void spread(const Places& places, const float* row, float* g) {
  using Numbers = int32_t __attribute__((vector_size(lanes * sizeof(int32_t))));
  Numbers lane;
  for (int32_t k = 0; k < lanes; ++k) lane[k] = k;
  int64_t end = 0;  // of the results that have been copied
  for (int64_t v = 0; v < places.vectors; ++v, g += lanes) {
    const int64_t start = places.to[v];
    if (places.used == lanes) {
      store(g, lane >= static_cast<int32_t>(end - start) ? load(row + start) : Vector{});
    } else {  // rows shorter than a vector do not overlap
      store(g, Vector{});
      copy_row(places.used, row + start, g);
    }
    end = start + places.used;
  }
}

}  // namespace
}  // namespace tinynn::kernels::simd::TINYNN_ISA
