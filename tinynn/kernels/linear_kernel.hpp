// Prepared products with the weight (rows, columns) of a linear layer: it is laid out once, as the
// instruction set in use reads it, and then multiplied with many samples. Training prepares one a call, a
// program one a layer.
#pragma once

#include <optional>

#include <tinynn/kernels/row_vectors.hpp>
#include <tinynn/kernels/sparse.hpp>

namespace tinynn::kernels {

/// For blocks of samples, in which a number of all samples lies side by side.
class LinearKernel {
 public:
  /// All of the weight; blocks have `pitch` samples, whole vectors of them.
  LinearKernel(int64_t rows, int64_t columns, const float* weight, int64_t pitch);
  /// Only what is alive in these lines of the weight, which are the rows.
  LinearKernel(const SparsePattern::Lines& lines, const float* weight, int64_t pitch);

  /// y (rows, pitch) = weight x (columns, pitch) + bias (rows), which may be null, for the vectors that cover
  /// the first `samples`.
  void operator()(int64_t samples, const float* x, const float* bias, float* y) const;

 private:
  const simd::Table& table_ = simd::table();
  int64_t rows_;
  RowVectors vectors_;
  Buffer packed_;
  std::optional<LiveElements> live_;
};

/// For one sample at a time.
class LinearSampleKernel {
 public:
  LinearSampleKernel(int64_t rows, int64_t columns, const float* weight);
  LinearSampleKernel(const SparsePattern::Lines& lines, const float* weight);

  /// Floats of scratch memory, which has to be zero before the first call.
  int64_t scratch_size() const { return live_ || vectors_.pitch() == columns_ ? 0 : vectors_.pitch(); }
  /// y (rows) = weight x (columns) + bias (rows)
  void operator()(const float* x, const float* bias, float* scratch, float* y) const;

 private:
  const simd::Table& table_ = simd::table();
  int64_t rows_, columns_;
  RowVectors vectors_;  // of a row of the weight
  Buffer padded_;       // the weight, rows filled up to whole vectors
  std::optional<LiveElements> live_;
};

}  // namespace tinynn::kernels
