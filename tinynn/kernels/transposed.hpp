// Samples side by side: what products read whose vectors are of samples.
#pragma once

#include <algorithm>

#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/kernels/sparse.hpp>

namespace tinynn::kernels {

/// `to` (size, pitch) from x (samples, size); what is beyond the samples is zero.
inline void transpose_samples(const float* x, int64_t samples, int64_t size, int64_t pitch, float* to) {
  for_row_pieces(size, size * samples / 8, [&](int64_t begin, int64_t end) {
    float* rows = to + begin * pitch;
    if (pitch > samples) std::fill_n(rows, (end - begin) * pitch, 0.0F);
    simd::table().transpose(samples, end - begin, x + begin, size, rows, pitch);
  });
}

/// The same, in memory of its own.
inline Buffer transposed(const float* x, int64_t samples, int64_t size, int64_t pitch) {
  Buffer result(size * pitch);
  transpose_samples(x, samples, size, pitch, result.data());
  return result;
}

}  // namespace tinynn::kernels
