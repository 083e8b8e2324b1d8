// Prepared products with the weight (rows, columns) of a linear layer: it is laid out once, as the
// instruction set in use reads it, and then multiplied with many samples. Training prepares one a call, a
// program one a layer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/kernels/sparse.hpp>

namespace tinynn::kernels {

/// Where the factors of a product with a matrix of rows lie, such as the pixels of each channel, or one
/// number of each sample of a block.
class RowVectors {
 public:
  /// `rows` rows of `length` floats. A vector has to fit into a row, so short rows lie farther apart.
  RowVectors(int64_t rows, int64_t length) : length_(length), pitch_(std::max(length, lanes_)) {
    for (int64_t row = 0; row < rows; ++row) offsets_.push_back(row * pitch_);
    for (int64_t i = 0; i < length; i += lanes_) start_.push_back(std::min(i, pitch_ - lanes_));
  }

  int64_t length() const { return length_; }
  int64_t pitch() const { return pitch_; }  // from row to row
  /// The vectors that cover the first `count` of each row; terms are the rows.
  simd::Places places(int64_t count) const {
    return {.terms = std::ssize(offsets_),
            .vectors = (count + lanes_ - 1) / lanes_,
            .offsets = offsets_.data(),
            .from = start_.data(),
            .to = start_.data(),
            .used = std::min(lanes_, length_)};
  }

 private:
  int64_t lanes_ = simd::table().lanes, length_, pitch_;
  std::vector<int64_t> offsets_, start_;
};

/// For blocks of samples (or positions), in which a number of all samples lies side by side.
class LinearKernel {
 public:
  /// All of the weight; blocks have `length` samples.
  LinearKernel(int64_t rows, int64_t columns, const float* weight, int64_t length);
  /// Only what is alive in these lines of the weight, which are the rows.
  LinearKernel(const SparsePattern::Lines& lines, const float* weight, int64_t length);

  /// From row to row of x: the length, but at least a vector.
  int64_t pitch() const { return vectors_.pitch(); }
  /// y (rows, length) = weight x (columns, pitch) + bias (rows), which may be null, for the vectors that
  /// cover the first `samples`.
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
  /// y (rows) = weight x (columns) + bias (rows), on several threads if it is worth it and all are free.
  void operator()(const float* x, const float* bias, float* scratch, float* y) const;

 private:
  const simd::Table& table_ = simd::table();
  int64_t rows_, columns_;
  RowVectors vectors_;  // of a row of the weight
  Buffer padded_;       // the weight, rows filled up to whole vectors
  std::optional<LiveElements> live_;
};

}  // namespace tinynn::kernels
