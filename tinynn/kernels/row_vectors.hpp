// RowVectors: where the factors of a product with a matrix of rows lie, such as the pixels of each channel,
// or one number of each sample of a block.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <tinynn/kernels/simd/isa.hpp>

namespace tinynn::kernels {

class RowVectors {
 public:
  /// `rows` rows of `length` floats. A vector has to fit into a row, so short rows lie farther apart.
  RowVectors(int64_t rows, int64_t length) : length_(length), pitch_(std::max(length, lanes_)) {
    for (int64_t row = 0; row < rows; ++row) offsets_.push_back(row * pitch_);
    for (int64_t i = 0; i < length; i += lanes_) start_.push_back(std::min(i, pitch_ - lanes_));
  }

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

}  // namespace tinynn::kernels
