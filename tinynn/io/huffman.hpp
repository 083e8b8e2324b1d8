// Canonical Huffman codes: frequent symbols get short codes, and the lengths alone say which. Codes of one
// length are consecutive numbers in the order of the symbols, and bits stand from the most significant one of
// a byte to the least.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tinynn::io {

/// The length of each symbol's code in bits, 0 for symbols that do not occur; a single one has a code of one
/// bit. Codes are no longer than 31 bits.
std::vector<uint8_t> huffman_lengths(std::span<const int64_t> frequencies);

class BitWriter {
 public:
  void write(uint32_t code, int bits);
  /// What was written, the last byte filled up with zeros.
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
  int free_ = 0;  // bits of the last byte
};

class HuffmanEncoder {
 public:
  explicit HuffmanEncoder(std::span<const uint8_t> lengths);
  void write(size_t symbol, BitWriter& to) const { to.write(codes_[symbol], lengths_[symbol]); }

 private:
  std::vector<uint8_t> lengths_;
  std::vector<uint32_t> codes_;
};

class BitReader {
 public:
  explicit BitReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  /// The next bit, or -1 if there is none.
  int next();
  /// Whether nothing is left but the zeros that fill up the last byte.
  bool is_at_end() const;

 private:
  std::span<const std::byte> bytes_;
  size_t at_ = 0;  // bits
};

class HuffmanDecoder {
 public:
  /// Throws Error unless the lengths are those of a code in which no word begins another.
  explicit HuffmanDecoder(std::span<const uint8_t> lengths);
  /// The next symbol, or -1 where the bits end or are no code.
  int read(BitReader& from) const;

 private:
  std::vector<uint32_t> first_code_, count_;  // of each length
  std::vector<int> symbols_;                  // in the order of their codes
};

}  // namespace tinynn::io
