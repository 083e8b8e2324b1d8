// What is compiled once per instruction set of the arithmetic of programs in eight bits: bytes times bytes in
// sums of 32 bits, exact on every machine. Bytes are unsigned, x[i] + 128 where they were not, and lie in
// words: four of them, which one instruction multiplies with four weights. Where x is read or y written,
// there has to be memory of 64 bytes more; but for floats that are read.
#pragma once

#include <cstdint>

namespace tinynn::kernels::simd {

/// How sums become bytes: sum * multiplier / 2^shift, rounded, halves up, from `low` to `high`. With a
/// multiplier for each row of sums (step 0) or for each column (1).
struct Requantize {
  const int32_t* multipliers;
  int64_t step;
  int shift;
  int32_t low, high;
};

/// What four outputs multiply with.
struct ByteTerms {
  int64_t count;
  const int64_t* offsets;
  const int32_t *packed, *bias;
};
/// Where vectors of results start in x, and how far behind its first part the second is.
struct BytePlaces {
  int64_t vectors;
  const int64_t* from;
  int64_t to_second;
};

/// Bytes in memory: signed or not, times scale.
struct ByteFormat {
  bool is_signed;
  float scale;
};

struct ByteTable {
  const char* name;
  int64_t lanes;  // words in a vector
  int64_t parts;  // words that a word of weights takes, and one of x in multiply

  /// Lays out `count` words of weights as the two below read them, part by part.
  void (*pack)(int64_t count, const int8_t* weights, int32_t* packed, int64_t pitch);

  /// x[i] becomes part 0 of itself, second[i] part 1, if there are two; overwrites whole vectors.
  void (*split)(int64_t count, int32_t* x, int32_t* second);
  /// sums[q][v L + i] = bias[q] + the sum over t of the products of the bytes in x[from[v] + offsets[t] + i]
  /// with those of weight (t, q), for four outputs q, and L lanes to a vector; packed (terms, parts, 4).
  void (*multiply)(const ByteTerms& terms, const BytePlaces& places, const int32_t* x, int32_t* sums,
                   int64_t pitch);
  /// sums[i] = bias[i] + the sum over t of the products of the bytes in x[t] with those of weight (t, i);
  /// packed (terms, parts, vectors of i).
  void (*multiply_one)(int64_t terms, int64_t vectors, const int32_t* x, const int32_t* packed,
                       const int32_t* bias, int32_t* sums);

  /// `rows` rows of `width` sums, which are `pitch` apart, to rows of bytes one after the other.
  void (*requantize)(const Requantize& to, int64_t rows, int64_t width, const int32_t* sums, int64_t pitch,
                     uint8_t* y);
  /// y[i] = the four bytes x[0][i] to x[3][i], each xor `flip`. Writes exactly `count` words.
  void (*interleave)(int64_t count, const uint8_t* const* x, uint8_t flip, int32_t* y);

  /// y[i] = the nearest byte to x[i] / scale.
  void (*quantize)(int64_t count, const float* x, ByteFormat format, uint8_t* y);
  /// The same of a[i] + b[i], or of 0 if that is less and `relu`.
  void (*add)(int64_t count, const uint8_t* a, ByteFormat a_format, const uint8_t* b, ByteFormat b_format,
              bool relu, ByteFormat format, uint8_t* y);
  /// y[i] = x[i] scale
  void (*to_floats)(int64_t count, const uint8_t* x, ByteFormat format, float* y);
  /// `rows` rows of `width` bytes, one after the other: the largest of each two by two in rows that are
  /// `pitch` apart.
  void (*max_pool_2x2)(int64_t rows, int64_t width, const uint8_t* x, int64_t pitch, bool is_signed,
                       uint8_t* y);
};

}  // namespace tinynn::kernels::simd
