// The kernels of programs in eight bits against naive loops over whole numbers, for all that this machine
// has.
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include <doctest/doctest.h>

#include <tinynn/kernels/bytes.hpp>

#include "tests/support/conv2d_sizes.hpp"
#include "tests/support/draw.hpp"

using namespace tinynn;
using kernels::simd::byte_tables, kernels::simd::ByteFormat, kernels::simd::ByteTable;

namespace {

// What kernels may read or write behind the end.
constexpr size_t slack = 64;

std::vector<uint8_t> draw_bytes(test::Draw& draw, int64_t count, int64_t low, int64_t high) {
  std::vector<uint8_t> bytes(static_cast<size_t>(count) + slack);
  for (uint8_t& b : bytes) b = static_cast<uint8_t>(draw.between(low, high));
  return bytes;
}

int64_t number(uint8_t byte, bool is_signed) {
  return is_signed ? static_cast<int64_t>(static_cast<int8_t>(byte)) : byte;
}

// Weights, some of them zero in whole rows, and biases.
struct DrawnWeight {
  DrawnWeight(test::Draw& draw, int64_t outputs, int64_t each, bool of_signed) {
    const double alive = draw.coin() ? 1 : 0.2;
    for (int64_t i = 0; i < outputs * each; ++i)
      values.push_back(static_cast<int8_t>(draw.chance(alive) ? draw.between(-127, 127) : 0));
    for (int64_t o = 0; o < outputs; ++o) bias.push_back(static_cast<int32_t>(draw.between(-100000, 100000)));
    weight = {values.data(), bias.data(), of_signed};
  }
  std::vector<int8_t> values;
  std::vector<int32_t> bias;
  kernels::ByteWeight weight;
};

std::vector<int32_t> naive_conv(const kernels::Conv2dSizes& s, const DrawnWeight& w,
                                const std::vector<uint8_t>& x, bool is_signed) {
  std::vector<int32_t> y;
  const int64_t channels = s.c / s.groups;
  for (int64_t o = 0; o < s.o; ++o) {
    for (int64_t i = 0; i < s.oh() * s.ow(); ++i) {
      int64_t sum = w.bias[o];
      const int8_t* weight = w.values.data() + o * channels * s.kh * s.kw;
      for (int64_t c = o / (s.o / s.groups) * channels, end = c + channels; c < end; ++c) {
        for (int64_t kh = 0; kh < s.kh; ++kh) {
          for (int64_t kw = 0; kw < s.kw; ++kw, ++weight) {
            const int64_t row = i / s.ow() * s.stride.h + kh * s.dilation.h - s.padding.top,
                          column = i % s.ow() * s.stride.w + kw * s.dilation.w - s.padding.left;
            if (row >= 0 && row < s.h && column >= 0 && column < s.w)
              sum += *weight * number(x[(c * s.h + row) * s.w + column], is_signed);
          }
        }
      }
      y.push_back(static_cast<int32_t>(sum));
    }
  }
  return y;
}

// With scratch memory that an earlier image has left its pixels in.
void check_conv(const kernels::Conv2dSizes& s, test::Draw& draw, const ByteTable& table) {
  CAPTURE(test::describe(s));
  const bool is_signed = draw.coin();
  CAPTURE(is_signed);
  const DrawnWeight w(draw, s.o, s.c / s.groups * s.kh * s.kw, is_signed);
  const kernels::ByteConv2d conv(s, w.weight, table);
  std::vector<int32_t> scratch(static_cast<size_t>(conv.scratch_size()) + slack);
  for (int image = 0; image < 2; ++image) {
    const auto x = draw_bytes(draw, s.c * s.h * s.w, 0, 255);
    const auto want = naive_conv(s, w, x, is_signed);
    std::vector<int32_t> got(want.size());
    conv(x.data(), scratch.data(), [&](int64_t o, int64_t first, int64_t rows, const int32_t* sums) {
      for (int64_t r = 0; r < rows; ++r)
        std::copy_n(sums + r * conv.pitch(), s.ow(), got.begin() + (o * s.oh() + first + r) * s.ow());
    });
    REQUIRE(got == want);
  }
}

}  // namespace

TEST_CASE("kernels. convolutions of bytes equal their naive twin, with every instruction set") {
  for (const ByteTable* table : byte_tables()) {
    CAPTURE(std::string(table->name));
    test::Draw draw(1);
    for (int i = 0; i < 300; ++i) check_conv(test::draw_conv2d_sizes(draw), draw, *table);
    // Rows that end within a vector, at its end, and in several pieces; many channels.
    for (const int64_t width : {7, 8, 15, 16, 17, 28, 32, 33, 100}) {
      check_conv({.n = 1, .c = 9, .h = 30, .w = width, .o = 6, .kh = 3, .kw = 3, .padding = 1}, draw, *table);
      check_conv({.n = 1, .c = 5, .h = 9, .w = width, .o = 3, .kh = 3, .kw = 3, .stride = 2, .padding = 1},
                 draw, *table);
      check_conv({.n = 1, .c = 1, .h = 9, .w = width, .o = 20, .kh = 5, .kw = 5, .padding = 2}, draw, *table);
    }
  }
}

TEST_CASE("kernels. linear layers of bytes equal their naive twin, with every instruction set") {
  for (const ByteTable* table : byte_tables()) {
    CAPTURE(std::string(table->name));
    test::Draw draw(2);
    for (int i = 0; i < 100; ++i) {
      const int64_t outputs = draw.between(1, 40), inputs = draw.between(1, 70), block = 64,
                    samples = draw.between(1, block);
      CAPTURE(outputs);
      CAPTURE(inputs);
      const bool is_signed = draw.coin();
      const DrawnWeight w(draw, outputs, inputs, is_signed);
      const int64_t words = (inputs + 3) / 4;
      std::vector<std::vector<uint8_t>> x;
      std::vector<int32_t> laid_out(static_cast<size_t>(words * block));
      for (int64_t n = 0; n < samples; ++n) {
        x.push_back(draw_bytes(draw, inputs, 0, 255));
        for (int64_t t = 0; t < words; ++t) std::memcpy(&laid_out[t * block + n], &x[n][t * 4], 4);
      }
      const auto want = [&](int64_t n, int64_t o) {
        int64_t sum = w.bias[o];
        for (int64_t k = 0; k < inputs; ++k) sum += w.values[o * inputs + k] * number(x[n][k], is_signed);
        return sum;
      };
      const kernels::ByteLinear linear(outputs, inputs, block, w.weight, *table);
      std::vector<int32_t> scratch(static_cast<size_t>(linear.scratch_size()));
      int64_t seen = 0;
      linear(samples, laid_out.data(), scratch.data(), [&](int64_t o, int64_t count, const int32_t* sums) {
        for (int64_t q = 0; q < count; ++q, ++seen) {
          for (int64_t n = 0; n < samples; ++n) REQUIRE(sums[q * block + n] == want(n, o + q));
        }
      });
      REQUIRE(seen == outputs);
      const kernels::ByteLinearOfOne of_one(outputs, inputs, w.weight, *table);
      scratch.assign(static_cast<size_t>(of_one.scratch_size()), 0);
      const int32_t* sums = of_one(x[0].data(), scratch.data());
      for (int64_t o = 0; o < outputs; ++o) REQUIRE(sums[o] == want(0, o));
    }
  }
}

TEST_CASE("kernels. sums become bytes as in exact arithmetic, at the edges of 32 bits, too") {
  for (const ByteTable* table : byte_tables()) {
    CAPTURE(std::string(table->name));
    test::Draw draw(3);
    for (int i = 0; i < 400; ++i) {
      const int64_t rows = draw.between(1, 3), width = draw.between(1, 40),
                    pitch = width + draw.between(0, 3);
      const int shift = static_cast<int>(draw.coin() ? draw.between(31, 62) : draw.between(1, 62));
      CAPTURE(shift);
      std::vector<int32_t> sums(static_cast<size_t>(rows * pitch) + slack), multipliers(width + slack);
      for (int32_t& s : sums) {
        // About where bytes are, or anywhere.
        const int64_t near = (int64_t{1} << std::min(shift, 40)) >> 20;
        s = static_cast<int32_t>(draw.chance(0.2) ? draw.between(-0x80000000LL, 0x7FFFFFFF)
                                                  : draw.between(-near, near));
      }
      for (int32_t& m : multipliers) m = static_cast<int32_t>(draw.between(0, 0x7FFFFFFF));
      if (shift <= 50 && draw.chance(0.3)) {  // halfway between two bytes, which else never happens
        const int power = std::min(shift - 1, 30);
        for (int32_t& m : multipliers) m = 1 << power;
        for (int32_t& s : sums) s = static_cast<int32_t>(draw.between(-300, 300)) << (shift - 1 - power);
      }
      const bool is_signed = draw.coin(), each = draw.coin();
      const kernels::simd::Requantize to{multipliers.data(), each ? 1 : 0, shift, is_signed ? -127 : 0,
                                         is_signed ? 127 : 255};
      std::vector<uint8_t> y(static_cast<size_t>(rows * width) + slack);
      table->requantize(to, rows, width, sums.data(), pitch, y.data());
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t j = 0; j < width; ++j) {
          const int64_t product = int64_t{sums[r * pitch + j]} * multipliers[each ? j : 0],
                        exact = (product + (int64_t{1} << (shift - 1))) >> shift;
          REQUIRE(number(y[r * width + j], is_signed) == std::clamp<int64_t>(exact, to.low, to.high));
        }
      }
    }
  }
}

TEST_CASE("kernels. floats and bytes become each other as the formulas say") {
  for (const ByteTable* table : byte_tables()) {
    CAPTURE(std::string(table->name));
    test::Draw draw(4);
    for (int i = 0; i < 100; ++i) {
      const int64_t count = draw.between(1, 100);
      const bool relu = draw.coin();
      const auto draw_format = [&] {
        return ByteFormat{draw.coin(), 0.01F + static_cast<float>(draw.fraction())};
      };
      const ByteFormat a_format = draw_format(), b_format = draw_format(), format = draw_format();
      const auto stored = [&](float v) {
        return static_cast<int64_t>(std::nearbyint(std::clamp(
            v / format.scale, format.is_signed ? -127.0F : 0.0F, format.is_signed ? 127.0F : 255.0F)));
      };
      const auto a = draw_bytes(draw, count, 0, 255), b = draw_bytes(draw, count, 0, 255);
      std::vector<uint8_t> y(a.size());
      table->add(count, a.data(), a_format, b.data(), b_format, relu, format, y.data());
      std::vector<float> floats(a.size());
      table->to_floats(count, a.data(), a_format, floats.data());
      for (int64_t k = 0; k < count; ++k) {
        const auto read = [](uint8_t byte, const ByteFormat& f) {
          return static_cast<float>(number(byte, f.is_signed)) * f.scale;
        };
        const float sum = read(a[k], a_format) + read(b[k], b_format);
        REQUIRE(number(y[k], format.is_signed) == stored(relu ? std::max(sum, 0.0F) : sum));
        REQUIRE(floats[k] == read(a[k], a_format));
      }
      // Halves between two bytes, and what is beyond all of them.
      for (float& v : floats) v = static_cast<float>(draw.between(-600, 600)) * 0.5F * format.scale;
      floats[0] = draw.coin() ? 1e30F : -std::numeric_limits<float>::infinity();
      table->quantize(count, floats.data(), format, y.data());
      for (int64_t k = 0; k < count; ++k) REQUIRE(number(y[k], format.is_signed) == stored(floats[k]));
    }
  }
}

TEST_CASE("kernels. bytes are interleaved, and the largest of four found") {
  for (const ByteTable* table : byte_tables()) {
    CAPTURE(std::string(table->name));
    test::Draw draw(5);
    for (int64_t count = 1; count <= 70; ++count) {
      CAPTURE(count);
      const uint8_t flip = draw.coin() ? 0x80 : 0;
      std::vector<std::vector<uint8_t>> rows;
      std::array<const uint8_t*, 4> from;
      for (auto& row : from) row = rows.emplace_back(draw_bytes(draw, count, 0, 255)).data();
      std::vector<uint8_t> words(static_cast<size_t>(count) * 4 + 4, 7);
      std::vector<int32_t> to(static_cast<size_t>(count) + 1, 7);
      table->interleave(count, from.data(), flip, to.data());
      std::memcpy(words.data(), to.data(), words.size());
      for (int64_t i = 0; i < count; ++i) {
        for (int64_t c = 0; c < 4; ++c) REQUIRE(words[i * 4 + c] == (rows[c][i] ^ flip));
      }
      REQUIRE(to[count] == 7);
      const int64_t height = draw.between(1, 3), pitch = 2 * count + draw.between(0, 2);
      std::vector<uint8_t> y(static_cast<size_t>(height * count) + slack);
      const auto x = draw_bytes(draw, 2 * height * pitch, 0, 255);
      const bool is_signed = draw.coin();
      table->max_pool_2x2(height, count, x.data(), pitch, is_signed, y.data());
      for (int64_t i = 0; i < height * count; ++i) {
        int64_t largest = -128;
        for (const int64_t k : {int64_t{0}, int64_t{1}, pitch, pitch + 1})
          largest = std::max(largest, number(x[i / count * 2 * pitch + i % count * 2 + k], is_signed));
        REQUIRE(number(y[i], is_signed) == largest);
      }
    }
  }
}
