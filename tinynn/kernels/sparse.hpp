// Sparse weights: where a weight (rows, columns) is alive, and its live elements as kernels read them. One
// live element is multiplied with a vector of x, and a row's results stay in registers while its elements go
// by (CSR). The vectors of a linear layer are of samples, those of a convolution of positions. Elsen et al.,
// "Fast sparse convnets", CVPR 2020; Nikdan et al., "SparseProp", ICML 2023.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <tinynn/core/buffer.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/simd/table.hpp>

namespace tinynn::kernels {

/// At most this much of a weight may be alive for sparse kernels: where the three products of a training step
/// together were measured to take as long as dense ones (benchmarks/sparsity.sh), which is another place on
/// each CPU. Those of a convolution, if the dense one is computed directly, take less with 65% zeros; see
/// sparse_conv2d_density_for(). Fixed rules, so that equal runs give equal bits.
inline constexpr double sparse_conv2d_density = 0.35;
/// Vectors of linear layers are of samples, so it takes more zeros with fewer than 64: with AVX-512 65% with
/// 64 (60% where its units are half as wide, 70% where they are whole), 75% with 32 to 20, 80% with 16, 90%
/// with 8; with narrower vectors 60% with 64 and 70% with 32 to 24.
double sparse_linear_density_for(int64_t samples);

/// Calls body(begin, end) for pieces of the rows, on several threads if they have enough elements to work on.
template <class Body>
void for_row_pieces(int64_t rows, int64_t elements, const Body& body) {
  constexpr int64_t worth_a_thread = 4096;  // elements
  const int64_t pieces = std::clamp<int64_t>(elements / worth_a_thread, 1, 16);
  parallel_for(rows, (rows + pieces - 1) / pieces, body);
}

/// Where the live elements of a weight are, by rows (CSR) and by columns (CSC).
struct SparsePattern {
  /// Whether indices of 32 bits are enough for a weight of this size and for 64 samples of its factors.
  static bool fits(int64_t rows, int64_t columns);
  /// `alive` (rows, columns). Throws Error for one that does not fit.
  SparsePattern(const uint8_t* alive, int64_t rows, int64_t columns);

  int64_t rows, columns;
  std::vector<int32_t> row_begin, column_begin;  // rows + 1 and columns + 1: where each starts
  std::vector<int32_t> column_of, row_of;        // of each element, by rows and by columns

  int64_t count() const { return std::ssize(column_of); }

  /// Its rows, or its columns as the rows of the transposed weight: line l, of `size` with the dead, has the
  /// elements begin[l] to begin[l + 1], and element k is weight[l * line_step + index[k] * index_step].
  struct Lines {
    int64_t count, size;
    const std::vector<int32_t>&begin, &index;
    int64_t line_step, index_step;
  };
  Lines by_rows() const { return {rows, columns, row_begin, column_of, columns, 1}; }
  Lines by_columns() const { return {columns, rows, column_begin, row_of, 1, columns}; }
};

/// Live elements row by row, as simd::Table::sparse_rows and sparse_dots read them.
struct LiveElements {
  std::vector<int32_t> begin;   // of each row its first element, and the end
  std::vector<int32_t> offset;  // of each element where its factors lie, in pitches
  int64_t pitch = 1;
  Buffer values;

  /// The factors of an element lie by its index, `factors_pitch` apart. There are no values if `weight` is
  /// null.
  LiveElements(const SparsePattern::Lines& lines, const float* weight, int64_t factors_pitch)
      : begin(lines.begin), offset(lines.index), pitch(factors_pitch) {
    take_values(lines, weight);
  }
  /// They lie at offset_of(line, index). A row is made of `lines_in_row` lines.
  template <class OffsetOf>
  LiveElements(const SparsePattern::Lines& lines, const float* weight, OffsetOf offset_of,
               int64_t lines_in_row = 1);

  int64_t count() const { return std::ssize(offset); }
  simd::LiveRows rows(int64_t first, int64_t end) const {
    return {first, end, begin.data(), offset.data(), pitch, values.data()};
  }

 private:
  void take_values(const SparsePattern::Lines& lines, const float* weight);
};

/// to[k] = the k-th live element of `from` (rows, columns), row by row; and back.
void pack_live(const SparsePattern& pattern, const float* from, float* to);
void unpack_live(const SparsePattern& pattern, const float* from, float* to);

/// sum (size) = what body(begin, end, partial sum) adds up for pieces of [0, count) of `grain` each, on
/// several threads; partial sums are added in order.
template <class Body>
void sum_chunks(int64_t count, int64_t grain, int64_t size, float* sum, const Body& body) {
  const int64_t chunks = (count + grain - 1) / grain;
  const Buffer partial = Buffer::zeros(chunks * size);
  parallel_for(count, grain,
               [&](int64_t begin, int64_t end) { body(begin, end, partial.data() + begin / grain * size); });
  std::fill_n(sum, size, 0.0F);
  const float* part = partial.data();
  for (int64_t chunk = 0; chunk < chunks; ++chunk, part += size) {
    for (int64_t i = 0; i < size; ++i) sum[i] += part[i];
  }
}

template <class OffsetOf>
LiveElements::LiveElements(const SparsePattern::Lines& lines, const float* weight, OffsetOf offset_of,
                           int64_t lines_in_row)
    : offset(lines.index.size()) {
  for (int64_t line = 0; line <= lines.count; line += lines_in_row) begin.push_back(lines.begin.data()[line]);
  for_row_pieces(lines.count, count(), [&](int64_t first, int64_t end) {
    for (int64_t line = first; line < end; ++line) {
      for (int64_t k = lines.begin.data()[line]; k < lines.begin.data()[line + 1]; ++k)
        offset.data()[k] = static_cast<int32_t>(offset_of(line, lines.index.data()[k]));
    }
  });
  take_values(lines, weight);
}

}  // namespace tinynn::kernels
