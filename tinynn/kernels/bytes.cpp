#include <algorithm>
#include <cstring>

#include <tinynn/kernels/bytes.hpp>

namespace tinynn::kernels {
namespace {

constexpr int32_t signed_zero = static_cast<int32_t>(0x80808080);  // four bytes, 128 higher

int64_t quads(int64_t bytes) { return (bytes + 3) / 4; }

// What the 128 that signed bytes are too high adds to a sum, modulo 2^32, as the sum is.
int32_t without_128(int32_t bias, int64_t sum_of_weights, bool times_signed) {
  return times_signed
             ? static_cast<int32_t>(static_cast<uint32_t>(bias) - 128 * static_cast<uint32_t>(sum_of_weights))
             : bias;
}

// A weight (outputs, inputs) in whole words.
std::vector<int8_t> in_words(int64_t outputs, int64_t inputs, const int8_t* values) {
  std::vector<int8_t> words(static_cast<size_t>(outputs * quads(inputs) * 4));
  for (int64_t o = 0; o < outputs; ++o)
    std::copy_n(values + o * inputs, inputs, words.begin() + o * quads(inputs) * 4);
  return words;
}

std::vector<int64_t> multiples(int64_t count, int64_t of) {
  std::vector<int64_t> result;
  for (int64_t i = 0; i < count; ++i) result.push_back(i * of);
  return result;
}

}  // namespace

PackedBytes::PackedBytes(int64_t outputs, const std::vector<int64_t>& offsets,
                         const std::vector<int8_t>& words, const int32_t* bias, bool times_signed,
                         const simd::ByteTable& table)
    : table_(&table), outputs_(outputs) {
  const int64_t terms = std::ssize(offsets);
  for (int64_t first = 0; first < outputs; first += 4) {
    Block& block = blocks_.emplace_back();
    const int64_t count = std::min<int64_t>(4, outputs - first);
    std::array<int64_t, 4> sums{};
    for (int64_t t = 0; t < terms; ++t) {
      std::array<int8_t, 16> four{};
      for (int64_t q = 0; q < count; ++q)
        std::copy_n(words.begin() + ((first + q) * terms + t) * 4, 4, four.begin() + q * 4);
      if (std::ranges::all_of(four, [](int8_t w) { return w == 0; })) continue;
      for (size_t i = 0; i < 16; ++i) sums[i / 4] += four[i];
      block.offsets.push_back(offsets[t]);
      block.packed.resize(block.packed.size() + 4 * static_cast<size_t>(table.parts));
      table.pack(4, four.data(), &block.packed.end()[-4 * table.parts], 4);
    }
    for (int64_t q = 0; q < 4; ++q)
      block.bias[q] = q < count ? without_128(bias[first + q], sums[q], times_signed) : 0;
  }
}

ByteConv2d::ByteConv2d(const Conv2dSizes& s, const ByteWeight& weight, const simd::ByteTable& table)
    : table_(&table), s_(s), is_signed_(weight.times_signed), one_channel_(s.c == s.groups) {
  if (s.kw == 1) s_.dilation.w = 1;  // whatever it is, it is nowhere
  const int64_t channels = s.c / s.groups, outputs = s.o / s.groups,
                taps_w = one_channel_ ? quads(s.kw) : s.kw, step_w = s.dilation.w * (one_channel_ ? 4 : 1);
  const int64_t last_h = (s.kh - 1) * s.dilation.h, last_w = (taps_w - 1) * step_w;
  phases_h_ = std::min(s.stride.h, last_h + 1);
  phases_w_ = std::min(s.stride.w, last_w + 1);
  rows_ = s.oh() + last_h / s.stride.h;
  columns_ = s.ow() + last_w / s.stride.w;
  plane_ = rows_ * columns_;
  of_group_ = (one_channel_ ? 1 : quads(channels)) * phases_h_ * phases_w_ * plane_;
  const int64_t lanes = table.lanes, in_row = round_up(s.ow(), lanes);
  const bool by_row = s.oh() * in_row <= (s.oh() - 1) * columns_ + s.ow();
  row_pitch_ = by_row ? in_row : columns_;
  const int64_t chunk_sums = 1280;  // of four outputs at a time, in the first cache
  chunk_ = std::clamp<int64_t>(chunk_sums / row_pitch_, 1, s.oh());
  for (int64_t i = 0; i < chunk_ * row_pitch_; i += lanes)
    from_.push_back(by_row ? i / in_row * columns_ + i % in_row : i);
  sums_pitch_ = round_up(chunk_ * row_pitch_, 16);
  // Vectors of x, and of sums, end beyond what is used.
  second_at_ = round_up(s.groups * of_group_, 16) + 16;
  sums_at_ = table.parts * second_at_;
  words_at_ = sums_at_ + 4 * sums_pitch_ + 16;
  bytes_at_ = words_at_ + std::max(s.w, row_width()) + 16;
  scratch_size_ = bytes_at_ + quads(std::max(s.padding.left + s.w, row_width()) + 3 * s_.dilation.w + 64);

  std::vector<int64_t> offsets;
  for (int64_t q = 0; q < (one_channel_ ? 1 : quads(channels)); ++q) {
    for (int64_t kh = 0; kh < s.kh; ++kh) {
      for (int64_t kw = 0; kw < taps_w; ++kw) {
        const int64_t h = kh * s.dilation.h, w = kw * step_w;
        offsets.push_back(((q * phases_h_ + h % s.stride.h) * phases_w_ + w % s.stride.w) * plane_ +
                          h / s.stride.h * columns_ + w / s.stride.w);
      }
    }
  }
  for (int64_t g = 0; g < s.groups; ++g) {
    std::vector<int8_t> words(offsets.size() * static_cast<size_t>(outputs) * 4);
    const int8_t* from = weight.values + g * outputs * channels * s.kh * s.kw;
    for (int64_t o = 0; o < outputs; ++o) {
      for (int64_t c = 0; c < channels; ++c) {
        for (int64_t kh = 0; kh < s.kh; ++kh) {
          for (int64_t kw = 0; kw < s.kw; ++kw) {
            const int64_t term = one_channel_ ? kh * taps_w + kw / 4 : (c / 4 * s.kh + kh) * s.kw + kw,
                          place = one_channel_ ? kw % 4 : c % 4;
            words[(o * std::ssize(offsets) + term) * 4 + place] = *from++;
          }
        }
      }
    }
    groups_.emplace_back(outputs, offsets, words, weight.bias + g * outputs, is_signed_, table);
  }
}

// One row of the pixels of up to four channels, a plane apart, into the first phase's row; the others' are
// `plane_` further each.
void ByteConv2d::lay_out_row(const uint8_t* x, int64_t channels, int32_t* row_words, uint8_t* row_bytes,
                             int32_t* to) const {
  const uint8_t flip = is_signed_ ? 0x80 : 0;
  const int64_t stride = s_.stride.w;
  std::array<const uint8_t*, 4> from;
  int64_t left = s_.padding.left, width = s_.w;
  if (one_channel_) {
    std::copy_n(x, width, row_bytes + left);
    for (int64_t j = 0; j < 4; ++j) from[j] = row_bytes + j * s_.dilation.w;
    width = row_width();
    left = 0;
  } else {
    for (int64_t j = 0; j < 4; ++j) from[j] = x + std::min(j, channels - 1) * s_.h * s_.w;
  }
  if (stride == 1) return table_->interleave(std::min(width, columns_ - left), from.data(), flip, to + left);
  table_->interleave(width, from.data(), flip, row_words);
  for (int64_t phase = 0; phase < phases_w_; ++phase) {
    const int64_t first = left > phase ? (left - phase + stride - 1) / stride : 0;
    const int32_t* word = row_words + first * stride + phase - left;
    const int64_t count = std::min(columns_ - first, (row_words + width - word + stride - 1) / stride);
    // As floats, which are only moved.
    simd::table().copy_rows(1, count, reinterpret_cast<const float*>(word), 0, stride,
                            reinterpret_cast<float*>(to + phase * plane_ + first), 0);
  }
}

void ByteConv2d::lay_out(const uint8_t* x, int32_t* scratch) const {
  if (is_signed_) std::fill_n(scratch, s_.groups * of_group_, signed_zero);
  auto* row_bytes = reinterpret_cast<uint8_t*>(scratch + bytes_at_);
  const int64_t channels = s_.c / s_.groups;
  for (int64_t g = 0; g < s_.groups; ++g) {
    for (int64_t c = 0; c < channels; c += 4) {
      const uint8_t* plane = x + (g * channels + c) * s_.h * s_.w;
      int32_t* to = scratch + g * of_group_ + c / 4 * phases_h_ * phases_w_ * plane_;
      for (int64_t h = 0; h < s_.h; ++h) {
        const int64_t padded = h + s_.padding.top, phase = padded % s_.stride.h, row = padded / s_.stride.h;
        if (phase >= phases_h_ || row >= rows_) continue;
        lay_out_row(plane + h * s_.w, channels - c, scratch + words_at_, row_bytes,
                    to + phase * phases_w_ * plane_ + row * columns_);
      }
    }
  }
}

void ByteConv2d::operator()(const uint8_t* x, int32_t* scratch, const TakeSums& take) const {
  lay_out(x, scratch);
  if (table_->parts == 2) table_->split(s_.groups * of_group_, scratch, scratch + second_at_);
  const int64_t outputs = s_.o / s_.groups;
  for (int64_t row = 0; row < s_.oh(); row += chunk_) {
    const int64_t rows = std::min(chunk_, s_.oh() - row), sums = (rows - 1) * row_pitch_ + s_.ow();
    for (int64_t g = 0; g < s_.groups; ++g) {
      groups_[g].multiply({(sums + table_->lanes - 1) / table_->lanes, from_.data(), second_at_},
                          scratch + g * of_group_ + row * columns_, scratch + sums_at_, sums_pitch_,
                          [&](int64_t block, int64_t count, const int32_t* made) {
                            for (int64_t q = 0; q < count; ++q)
                              take(g * outputs + 4 * block + q, row, rows, made + q * sums_pitch_);
                          });
    }
  }
}

ByteLinear::ByteLinear(int64_t outputs, int64_t inputs, int64_t block, const ByteWeight& weight,
                       const simd::ByteTable& table)
    : table_(&table),
      terms_(quads(inputs)),
      block_(block),
      is_signed_(weight.times_signed),
      from_(multiples(block / table.lanes, table.lanes)),
      weight_(outputs, multiples(terms_, block), in_words(outputs, inputs, weight.values), weight.bias,
              weight.times_signed, table) {}

// Without signs, and in the parts that are multiplied.
const int32_t* ByteLinear::prepared(const int32_t* x, int32_t* to) const {
  const int64_t count = terms_ * block_;
  const int32_t flip = is_signed_ ? signed_zero : 0;
  for (int64_t i = 0; i < count; ++i) to[i] = x[i] ^ flip;
  if (table_->parts == 2) table_->split(count, to, to + count);
  return to;
}

ByteLinearOfOne::ByteLinearOfOne(int64_t outputs, int64_t inputs, const ByteWeight& weight,
                                 const simd::ByteTable& table)
    : table_(&table),
      terms_(quads(inputs)),
      vectors_((outputs + table.lanes - 1) / table.lanes),
      is_signed_(weight.times_signed),
      packed_(static_cast<size_t>(terms_ * table.parts * vectors_ * table.lanes)),
      bias_(static_cast<size_t>(vectors_ * table.lanes)) {
  const int64_t width = vectors_ * table.lanes;
  const std::vector<int8_t> words = in_words(outputs, inputs, weight.values);
  for (int64_t o = 0; o < outputs; ++o) {
    int64_t sum = 0;
    for (int64_t t = 0; t < terms_; ++t) {
      const int8_t* word = &words[static_cast<size_t>((o * terms_ + t) * 4)];
      table.pack(1, word, &packed_[static_cast<size_t>(t * table.parts * width + o)], width);
      for (int64_t i = 0; i < 4; ++i) sum += word[i];
    }
    bias_[o] = without_128(weight.bias[o], sum, is_signed_);
  }
}

const int32_t* ByteLinearOfOne::operator()(const uint8_t* x, int32_t* scratch) const {
  int32_t* words = scratch + vectors_ * table_->lanes;
  std::memcpy(words, x, static_cast<size_t>(terms_) * 4);
  if (is_signed_) {
    for (int64_t t = 0; t < terms_; ++t) words[t] ^= signed_zero;
  }
  table_->multiply_one(terms_, vectors_, words, packed_.data(), bias_.data(), scratch);
  return scratch;
}

}  // namespace tinynn::kernels
