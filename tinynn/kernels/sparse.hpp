// Sparse kernels: products with a weight (rows, columns) that touch its live elements only. One live element
// is multiplied with a vector of x, and a row's results stay in registers while its elements go by (CSR). For
// a linear layer x and y are transposed, in blocks of 64 samples, so that a vector is of samples; for a
// convolution, which takes a pattern in conv2d.hpp, it is of positions. Elsen et al., "Fast sparse convnets",
// CVPR 2020; Nikdan et al., "SparseProp", ICML 2023.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <tinynn/core/buffer.hpp>

namespace tinynn::kernels {

/// At most this much of a weight may be alive for sparse kernels. With 75% zeros and a batch of 64, the three
/// products of a linear layer's training step together take less time than dense ones, at 70% more; those of
/// a convolution take less with 65% zeros, at 60% as much (benchmarks/sparsity.sh, one thread with AVX-512).
/// Fixed rules, so that equal runs give equal bits.
inline constexpr double sparse_linear_density = 0.25, sparse_conv2d_density = 0.35;
/// Vectors of linear layers are of samples, so with fewer than 64 it takes more zeros.
inline double sparse_linear_density_for(int64_t samples) {
  return sparse_linear_density * static_cast<double>(std::min<int64_t>(samples, 64)) / 64;
}

/// Where the live elements of a weight are, by rows (CSR) and by columns (CSC).
struct SparsePattern {
  /// Whether indices of 16 bits, and of 32 for elements, are enough for a weight of this size.
  static bool fits(int64_t rows, int64_t columns);
  /// `alive` (rows, columns). Throws Error for one that does not fit.
  SparsePattern(const uint8_t* alive, int64_t rows, int64_t columns);

  int64_t rows, columns;
  std::vector<int32_t> row_begin, column_begin;  // rows + 1 and columns + 1: where each starts
  std::vector<uint16_t> column_of, row_of;       // of each element, by rows and by columns

  int64_t count() const { return static_cast<int64_t>(column_of.size()); }
};

/// Live elements in the order of a pattern, as simd::Table::sparse_rows reads them.
struct LiveElements {
  std::vector<int32_t> offset;  // where the factors of each lie
  Buffer values;
};
/// Those of the transposed weight, column by column of `weight` (rows, columns), for factors in rows that
/// start `pitch` apart.
LiveElements live_columns(const SparsePattern& pattern, const float* weight, int64_t pitch);

/// to[k] = the k-th live element of `from` (rows, columns), row by row; and back.
void pack_live(const SparsePattern& pattern, const float* from, float* to);
void unpack_live(const SparsePattern& pattern, const float* from, float* to);

/// y (n, rows) = x (n, columns) weight^T + bias, which may be null. `weight` is dense, its dead elements are
/// not read.
void sparse_linear_forward(const SparsePattern& pattern, int64_t n, const float* x, const float* weight,
                           const float* bias, float* y);
/// grad_x (n, columns) = grad_y (n, rows) weight, overwritten.
void sparse_linear_backward_input(const SparsePattern& pattern, int64_t n, const float* grad_y,
                                  const float* weight, float* grad_x);
/// grad_weight (rows, columns) = grad_y^T x where the weight is alive, 0 elsewhere; overwritten.
void sparse_linear_backward_weight(const SparsePattern& pattern, int64_t n, const float* grad_y,
                                   const float* x, float* grad_weight);

/// weight (rows, columns) = for each live element the sum of its numbers in `sums` (chunks, live elements),
/// in the order of the chunks; 0 elsewhere.
void add_chunks(const SparsePattern& pattern, int64_t chunks, const float* sums, float* weight);

}  // namespace tinynn::kernels
