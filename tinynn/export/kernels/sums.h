// What becomes of the sums of a layer, and which vectors they are taken in. Weights of layers are dense, or
// masked by a bit each, or sparse: how many a row has, and how many columns each is behind the one before.
#ifndef TINYNN_EXPORT_KERNELS_SUMS_H
#define TINYNN_EXPORT_KERNELS_SUMS_H

#include <tinynn/kernels/activation.h>
#include <tinynn/kernels/numbers.h>

//- section sums: numbers
// What becomes of the sums of a layer.
typedef struct {
  tinynn_numbers y;
  float (*f)(float);
  const float* scales;         // of the sums of each output, or null
  const int32_t* multipliers;  // the same in whole numbers, or null
  int shift, low;
} tinynn_result;

// y = f(sum)
tinynn_inline tinynn_result tinynn_as_is(tinynn_numbers y, float (*f)(float)) {
  const tinynn_result result = {y, f, 0, 0, 0, 0};
  return result;
}

tinynn_inline tinynn_number tinynn_bias(tinynn_numbers x, const void* bias, int output) {
  return tinynn_read(x.format == tinynn_float32 ? tinynn_float32 : tinynn_int32, bias, output);
}

// sum + w x[i]
tinynn_inline tinynn_number tinynn_add_product(tinynn_number sum, tinynn_number w, tinynn_numbers x,
                                               ptrdiff_t i) {
  const tinynn_number v = tinynn_read(x.format, x.data, i);
  if (x.format == tinynn_float32) {
    sum.real += w.real * v.real;
  } else {
    sum.whole += w.whole * v.whole;
  }
  return sum;
}

// The sum of what x is multiplied with becomes y[i].
tinynn_inline void tinynn_finish(tinynn_result r, int i, int output, tinynn_numbers x, tinynn_number sum) {
  if (r.multipliers != 0) {
    const int64_t half = (int64_t)1 << (r.shift - 1), high = r.y.format == tinynn_int8 ? 127 : 255;
    const int64_t v = ((int64_t)sum.whole * r.multipliers[output] + half) >> r.shift;
    sum.whole = (int32_t)(v < r.low ? r.low : v > high ? high : v);
    tinynn_write(r.y, i, sum);
  } else {
    const float v = x.format == tinynn_float32 ? sum.real : (float)sum.whole;
    tinynn_store(r.y, i, r.f(r.scales != 0 ? v * r.scales[output] : v));
  }
}

//- section rescale: sums
// y = f(sum * scale), with a scale for each output
tinynn_inline tinynn_result tinynn_rescale(tinynn_numbers y, float (*f)(float), const float* scales) {
  const tinynn_result result = {y, f, scales, 0, 0, 0};
  return result;
}

//- section requantize: sums
// y = sum * multiplier / 2^shift, rounded, at least low, in whole numbers: the same on every machine.
tinynn_inline tinynn_result tinynn_requantize(tinynn_numbers y, const int32_t* multipliers, int shift,
                                              int low) {
  const tinynn_result result = {y, 0, 0, multipliers, shift, low};
  return result;
}

//- section masked
// The bits of a byte that belong to a row of so many columns, of which the first bit is column c.
tinynn_inline unsigned tinynn_bits(unsigned byte, int c, int columns) {
  if (c < 0) byte &= 0xFFU << -c;
  if (columns - c < 8) byte &= (1U << (columns - c)) - 1;
  return byte;
}

// The place of the lowest bit, which, times 0x17, has it in the upper three of eight bits.
tinynn_inline int tinynn_lowest(unsigned bits) {
#if defined(__GNUC__) && !defined(tinynn_plain)
  return __builtin_ctz(bits);
#else
  static const uint8_t places[] = {0, 1, 2, 4, 7, 3, 6, 5};
  return places[((bits & (~bits + 1)) * 0x17U >> 5) & 7U];
#endif
}

//- section vectors
// Where there are vectors, and a compiler that lets them be named, they are: how a loop becomes vectors hangs
// on -O2 or -O3.
// tinynn_plain is for tests of what other compilers get.
#if defined(__GNUC__) && (defined(__SSE2__) || defined(__ARM_NEON)) && !defined(tinynn_plain)
#define tinynn_vectors
// Rows of pixels are laid out in multiples of `row`; beside the sums of four outputs at so many vectors
// `across`, registers hold those vectors and a weight. Vectors of 16 would be half empty where images are
// small, and were slower where they are not.
enum { tinynn_row = 8 };
#ifdef __AVX512VL__  // twice as many registers
enum { tinynn_lanes = 8, tinynn_across = 4 };
#elif defined(__AVX2__)
enum { tinynn_lanes = 8, tinynn_across = 2 };
#else
enum { tinynn_lanes = 4, tinynn_across = 2 };
#endif
#ifdef __SSE2__
#include <immintrin.h>
enum { tinynn_in_lane = 2 };  // channels of whole numbers, of 16 bits each
#else
enum { tinynn_in_lane = 1 };
#endif
typedef float tinynn_vector __attribute__((vector_size(4 * tinynn_lanes)));
typedef int32_t tinynn_whole_vector __attribute__((vector_size(4 * tinynn_lanes)));
// The products of what is in a lane, added up.
#ifdef __AVX2__
#define tinynn_products(v, w) ((tinynn_whole_vector)_mm256_madd_epi16((__m256i)(v), (__m256i)(w)))
#elif defined(__SSE2__)
#define tinynn_products(v, w) ((tinynn_whole_vector)_mm_madd_epi16((__m128i)(v), (__m128i)(w)))
#else
#define tinynn_products(v, w) ((v) * (w))
#endif
#endif

//- end
#endif
