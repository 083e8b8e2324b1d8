// Layers of programs in eight bits: products of bytes with a weight of bytes, in whole sums, exact on every
// machine. The weight is laid out once, as the instruction set in use reads it; where four outputs have four
// zeros below one another nothing is multiplied. What becomes of the sums is the caller's.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include <tinynn/kernels/conv2d.hpp>
#include <tinynn/kernels/simd/isa.hpp>

namespace tinynn::kernels {

struct ByteWeight {
  const int8_t* values;  // (outputs, inputs) or (outputs, channels, kernel rows, kernel columns)
  const int32_t* bias;   // (outputs)
  bool times_signed;     // rather than unsigned bytes
};

/// Gets `rows` rows of the sums of an output, from `first_row` on.
using TakeSums = std::function<void(int64_t output, int64_t first_row, int64_t rows, const int32_t* sums)>;

/// A weight in blocks of four outputs.
class PackedBytes {
 public:
  PackedBytes() = default;
  /// Words (outputs, terms) of four bytes each, which meet those of x at the offsets of their terms.
  PackedBytes(int64_t outputs, const std::vector<int64_t>& offsets, const std::vector<int8_t>& words,
              const int32_t* bias, bool times_signed, const simd::ByteTable& table);

  /// Calls take(block, outputs of the block, sums) with four rows of sums.
  template <class Take>
  void multiply(const simd::BytePlaces& places, const int32_t* x, int32_t* sums, int64_t pitch,
                const Take& take) const {
    for (size_t b = 0; b < blocks_.size(); ++b) {
      const Block& block = blocks_[b];
      table_->multiply(
          {std::ssize(block.offsets), block.offsets.data(), block.packed.data(), block.bias.data()}, places,
          x, sums, pitch);
      take(static_cast<int64_t>(b), std::min<int64_t>(4, outputs_ - 4 * static_cast<int64_t>(b)), sums);
    }
  }

 private:
  struct Block {
    std::vector<int64_t> offsets;
    std::vector<int32_t> packed;
    std::array<int32_t, 4> bias;
  };
  const simd::ByteTable* table_ = nullptr;
  int64_t outputs_ = 0;
  std::vector<Block> blocks_;
};

/// A convolution of one image. Its pixels are laid out with their padding, four channels to a word, those a
/// stride apart side by side; or, of one channel, four columns to a word. Vectors of results cover either
/// each row by itself or all rows as one, with what lies between two of them computed in vain: whichever are
/// fewer.
class ByteConv2d {
 public:
  /// Of s.n images one.
  ByteConv2d(const Conv2dSizes& s, const ByteWeight& weight,
             const simd::ByteTable& table = simd::byte_table());

  int64_t scratch_size() const { return scratch_size_; }  // words; zero before the first call
  int64_t pitch() const { return row_pitch_; }            // from row to row of sums
  void operator()(const uint8_t* x, int32_t* scratch, const TakeSums& take) const;

 private:
  int64_t row_width() const { return (columns_ - 1) * s_.stride.w + phases_w_; }  // pixels that are laid out
  void lay_out(const uint8_t* x, int32_t* scratch) const;
  void lay_out_row(const uint8_t* x, int64_t channels, int32_t* row_words, uint8_t* row_bytes,
                   int32_t* to) const;

  const simd::ByteTable* table_;
  Conv2dSizes s_;
  bool is_signed_, one_channel_;
  int64_t phases_h_, phases_w_, rows_, columns_, plane_, of_group_;  // of the pixels as they are laid out
  int64_t chunk_, row_pitch_;                                        // rows of results at a time
  std::vector<int64_t> from_;                                        // where their vectors start
  int64_t second_at_, words_at_, bytes_at_, sums_at_, sums_pitch_, scratch_size_;
  std::vector<PackedBytes> groups_;
};

/// A linear layer of `block` samples: words (inputs / 4, block), those above the last input of any value.
class ByteLinear {
 public:
  ByteLinear(int64_t outputs, int64_t inputs, int64_t block, const ByteWeight& weight,
             const simd::ByteTable& table = simd::byte_table());

  int64_t scratch_size() const { return (4 + 2 * terms_) * block_; }  // words
  /// Calls take(first output, how many of the next four, their sums in rows of `block`).
  template <class Take>
  void operator()(int64_t samples, const int32_t* x, int32_t* scratch, const Take& take) const {
    if (is_signed_ || table_->parts == 2) x = prepared(x, scratch + 4 * block_);
    weight_.multiply({(samples + table_->lanes - 1) / table_->lanes, from_.data(), terms_ * block_}, x,
                     scratch, block_,
                     [&](int64_t b, int64_t count, const int32_t* sums) { take(4 * b, count, sums); });
  }

 private:
  const int32_t* prepared(const int32_t* x, int32_t* to) const;

  const simd::ByteTable* table_;
  int64_t terms_, block_;
  bool is_signed_;
  std::vector<int64_t> from_;
  PackedBytes weight_;
};

/// A linear layer of one sample.
class ByteLinearOfOne {
 public:
  ByteLinearOfOne(int64_t outputs, int64_t inputs, const ByteWeight& weight,
                  const simd::ByteTable& table = simd::byte_table());

  int64_t scratch_size() const { return vectors_ * table_->lanes + terms_; }  // words
  /// The sums, in scratch memory.
  const int32_t* operator()(const uint8_t* x, int32_t* scratch) const;

 private:
  const simd::ByteTable* table_;
  int64_t terms_, vectors_;
  bool is_signed_;
  std::vector<int32_t> packed_, bias_;
};

}  // namespace tinynn::kernels
