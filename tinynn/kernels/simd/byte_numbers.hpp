// What becomes of sums, and what stands between layers: in whole numbers, or in floats as exported headers
// compute with them.
#pragma once

#include <tinynn/kernels/simd/byte_vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

uint8_t requantized(int32_t sum, int32_t multiplier, const Requantize& to) {
  const int64_t v = (int64_t{sum} * multiplier + (int64_t{1} << (to.shift - 1))) >> to.shift;
  return static_cast<uint8_t>(v < to.low ? to.low : v > to.high ? to.high : v);
}

// A vector of them, for shifts of at least 31: what is left has 32 bits.
#if defined(__AVX512F__)
inline void requantize_vector(const int32_t* sums, Words multipliers, const Requantize& to, uint8_t* y) {
  const __m512i sum = _mm512_loadu_si512(sums), by = reinterpret_cast<__m512i>(multipliers);
  const __m512i rounding = _mm512_set1_epi64(int64_t{1} << (to.shift - 1));
  const __m128i shift = _mm_cvtsi32_si128(to.shift);
  const __m512i even = _mm512_sra_epi64(_mm512_add_epi64(_mm512_mul_epi32(sum, by), rounding), shift);
  const __m512i odd = _mm512_sra_epi64(
      _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(sum, 32), _mm512_srli_epi64(by, 32)), rounding),
      shift);
  const __m512i all = _mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32));
  const __m512i v =
      _mm512_max_epi32(_mm512_min_epi32(all, _mm512_set1_epi32(to.high)), _mm512_set1_epi32(to.low));
  store_bytes(y, reinterpret_cast<Words>(v));
}
#elif defined(__AVX2__)
// There is no arithmetic shift of 64 bits: 2^63 is added before, and what became of it taken off behind.
inline void requantize_vector(const int32_t* sums, Words multipliers, const Requantize& to, uint8_t* y) {
  const __m256i sum = _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(sums)),
                by = reinterpret_cast<__m256i>(multipliers);
  const uint64_t top = uint64_t{1} << 63;
  const __m256i rounding = _mm256_set1_epi64x(static_cast<int64_t>(top + (uint64_t{1} << (to.shift - 1)))),
                off = _mm256_set1_epi64x(static_cast<int64_t>(top >> to.shift));
  const __m128i shift = _mm_cvtsi32_si128(to.shift);
  const auto shifted = [&](__m256i product) __attribute__((always_inline)) {
    return _mm256_sub_epi64(_mm256_srl_epi64(_mm256_add_epi64(product, rounding), shift), off);
  };
  const __m256i even = shifted(_mm256_mul_epi32(sum, by)),
                odd = shifted(_mm256_mul_epi32(_mm256_srli_epi64(sum, 32), _mm256_srli_epi64(by, 32)));
  const __m256i all = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
  const __m256i v =
      _mm256_max_epi32(_mm256_min_epi32(all, _mm256_set1_epi32(to.high)), _mm256_set1_epi32(to.low));
  store_bytes(y, reinterpret_cast<Words>(v));
}
#elif defined(__SSE2__)
// Products without signs: where a sum is below zero, its multiplier is taken off their upper half.
inline void requantize_vector(const int32_t* sums, Words multipliers, const Requantize& to, uint8_t* y) {
  const Words sum = load(sums);
  const auto by = reinterpret_cast<__m128i>(multipliers);
  const auto excess = reinterpret_cast<__m128i>(sum < 0 ? multipliers : Words{});
  const uint64_t top = uint64_t{1} << 63;
  const __m128i rounding = _mm_set1_epi64x(static_cast<int64_t>(top + (uint64_t{1} << (to.shift - 1)))),
                off = _mm_set1_epi64x(static_cast<int64_t>(top >> to.shift)),
                shift = _mm_cvtsi32_si128(to.shift),
                upper = _mm_set1_epi64x(static_cast<int64_t>(~0ULL << 32));
  const auto shifted = [&](__m128i product, __m128i too_much) __attribute__((always_inline)) {
    const __m128i all = _mm_add_epi64(_mm_sub_epi64(product, too_much), rounding);
    return _mm_sub_epi64(_mm_srl_epi64(all, shift), off);
  };
  const auto whole = reinterpret_cast<__m128i>(sum);
  const __m128i even = shifted(_mm_mul_epu32(whole, by), _mm_slli_epi64(excess, 32)),
                odd = shifted(_mm_mul_epu32(_mm_srli_epi64(whole, 32), _mm_srli_epi64(by, 32)),
                              _mm_and_si128(excess, upper));
  auto v = reinterpret_cast<Words>(_mm_or_si128(_mm_andnot_si128(upper, even), _mm_slli_epi64(odd, 32)));
  v = v < to.high ? v : broadcast(to.high);
  store_bytes(y, v > to.low ? v : broadcast(to.low));
}
#else
inline void requantize_vector(const int32_t* sums, Words multipliers, const Requantize& to, uint8_t* y) {
  for (int l = 0; l < lanes; ++l) y[l] = requantized(sums[l], multipliers[l], to);
}
#endif

void requantize(const Requantize& to, int64_t rows, int64_t width, const int32_t* sums, int64_t pitch,
                uint8_t* y) {
  if (to.shift < 31) {
    for (int64_t r = 0; r < rows; ++r, sums += pitch, y += width) {
      for (int64_t j = 0; j < width; ++j) y[j] = requantized(sums[j], to.multipliers[to.step * j], to);
    }
    return;
  }
  const Words same = broadcast(to.multipliers[0]);
  for (int64_t r = 0; r < rows; ++r, sums += pitch, y += width) {
    for (int64_t j = 0; j < width; j += lanes)
      requantize_vector(sums + j, to.step == 0 ? same : load(to.multipliers + j), to, y + j);
  }
}

inline Bytes zip_low(Bytes a, Bytes b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
inline Bytes zip_high(Bytes a, Bytes b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
inline void store_pairs(int32_t* y, Bytes first, Bytes second) {
  const auto a = reinterpret_cast<Pairs>(first), b = reinterpret_cast<Pairs>(second);
  const Pairs low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11),
              high = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
  __builtin_memcpy(y, &low, 16);
  __builtin_memcpy(y + 4, &high, 16);
}

// 16 or 8 words.
template <int count>
inline void interleave_some(const uint8_t* const* x, int64_t at, uint8_t flip, int32_t* y) {
  Bytes in[4];
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    if constexpr (count == 16) {
      in[c] = *reinterpret_cast<const UnalignedBytes*>(x[c] + at) ^ flip;
    } else {
      const auto eight = *reinterpret_cast<const HalfBytes*>(x[c] + at) ^ flip;
      in[c] = __builtin_shufflevector(eight, eight, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
    }
  }
  store_pairs(y + at, zip_low(in[0], in[1]), zip_low(in[2], in[3]));
  if constexpr (count == 16) store_pairs(y + at + 8, zip_high(in[0], in[1]), zip_high(in[2], in[3]));
}

void interleave(int64_t count, const uint8_t* const* x, uint8_t flip, int32_t* y) {
  if (count >= 16) {
    for (int64_t i = 0; i < count - 16; i += 16) interleave_some<16>(x, i, flip, y);
    interleave_some<16>(x, count - 16, flip, y);
  } else if (count >= 8) {
    interleave_some<8>(x, 0, flip, y);
    interleave_some<8>(x, count - 8, flip, y);
  } else {
    for (int64_t i = 0; i < count; ++i) {
      for (int c = 0; c < 4; ++c) reinterpret_cast<uint8_t*>(y + i)[c] = x[c][i] ^ flip;
    }
  }
}

// The nearest bytes to v / scale. At 1.5 * 2^23 floats are whole: their addition rounds as lrintf does.
template <bool is_signed>
inline void store_nearest(uint8_t* y, Vector v, float scale) {
  const Vector low = broadcast(is_signed ? -127.0F : 0.0F), high = broadcast(is_signed ? 127.0F : 255.0F);
  v /= scale;
  v = v > low ? v : low;
  v = v < high ? v : high;
  store_bytes(y, __builtin_convertvector((v + 12582912.0F) - 12582912.0F, Words));
}

template <bool is_signed>
inline Vector read(const uint8_t* x) {
#if defined(__AVX512F__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(x));
  const __m512i whole = is_signed ? _mm512_cvtepi8_epi32(bytes) : _mm512_cvtepu8_epi32(bytes);
  return reinterpret_cast<Vector>(_mm512_cvtepi32_ps(whole));
#elif defined(__AVX2__)
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i_u*>(x));
  const __m256i whole = is_signed ? _mm256_cvtepi8_epi32(bytes) : _mm256_cvtepu8_epi32(bytes);
  return reinterpret_cast<Vector>(_mm256_cvtepi32_ps(whole));
#else
  if constexpr (is_signed)
    return __builtin_convertvector(__builtin_convertvector(*reinterpret_cast<const SomeSigned*>(x), Words),
                                   Vector);
  else
    return __builtin_convertvector(__builtin_convertvector(*reinterpret_cast<const SomeBytes*>(x), Words),
                                   Vector);
#endif
}

// Calls f(Yes or No) for each bool.
struct Yes {
  static constexpr bool value = true;
};
struct No {
  static constexpr bool value = false;
};
template <class F>
inline void with(bool flag, const F& f) {
  if (flag) return f(Yes());
  f(No());
}

void quantize(int64_t count, const float* x, ByteFormat format, uint8_t* y) {
  with(format.is_signed, [&](auto is_signed) {
    int64_t i = 0;
    for (; count - i >= lanes; i += lanes) store_nearest<is_signed.value>(y + i, load(x + i), format.scale);
    Vector rest{};
    for (int64_t l = 0; l < count - i; ++l) rest[l] = x[i + l];
    if (i < count) store_nearest<is_signed.value>(y + i, rest, format.scale);
  });
}

void add(int64_t count, const uint8_t* a, ByteFormat a_format, const uint8_t* b, ByteFormat b_format,
         bool relu, ByteFormat format, uint8_t* y) {
  const Vector least = broadcast(relu ? 0 : -__builtin_huge_valf());
  with(a_format.is_signed, [&](auto a_signed) {
    with(b_format.is_signed, [&](auto b_signed) {
      with(format.is_signed, [&](auto is_signed) {
        for (int64_t i = 0; i < count; i += lanes) {
          const Vector v =
              read<a_signed.value>(a + i) * a_format.scale + read<b_signed.value>(b + i) * b_format.scale;
          store_nearest<is_signed.value>(y + i, v < least ? least : v, format.scale);
        }
      });
    });
  });
}

void to_floats(int64_t count, const uint8_t* x, ByteFormat format, float* y) {
  with(format.is_signed, [&](auto is_signed) {
    for (int64_t i = 0; i < count; i += lanes) store(y + i, read<is_signed.value>(x + i) * format.scale);
  });
}

inline Pairs larger(Pairs a, Pairs b) { return a > b ? a : b; }

// Eight results at a time. Signed bytes are compared as unsigned ones 128 higher.
void max_pool_2x2(int64_t rows, int64_t width, const uint8_t* x, int64_t pitch, bool is_signed, uint8_t* y) {
  const uint8_t flip = is_signed ? 0x80 : 0;
  for (int64_t r = 0; r < rows; ++r, x += 2 * pitch, y += width) {
    for (int64_t j = 0; j < width; j += 8) {
      const Bytes top = *reinterpret_cast<const UnalignedBytes*>(x + 2 * j) ^ flip,
                  bottom = *reinterpret_cast<const UnalignedBytes*>(x + pitch + 2 * j) ^ flip;
      const auto both = reinterpret_cast<Pairs>(top > bottom ? top : bottom);
      *reinterpret_cast<HalfBytes*>(y + j) =
          __builtin_convertvector(larger(both & 0xFF, both >> 8), HalfBytes) ^ flip;
    }
  }
}

}  // namespace
}  // namespace tinynn::kernels::simd::TINYNN_ISA
