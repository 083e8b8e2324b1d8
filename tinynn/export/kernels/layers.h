// Linear layers and convolutions, whose weights are dense, or masked by a bit each, or sparse: how many a row
// has, and how many columns each is behind the one before. What is pruned takes no time.
#ifndef TINYNN_EXPORT_KERNELS_LAYERS_H
#define TINYNN_EXPORT_KERNELS_LAYERS_H

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
  static const uint8_t places[] = {0, 1, 2, 4, 7, 3, 6, 5};
  return places[((bits & (~bits + 1)) * 0x17U >> 5) & 7U];
}

//- section vectors
// Where there are vectors, and a compiler that lets them be named, they are: how a loop becomes vectors hangs
// on -O2 or -O3.
#if defined(__GNUC__) && (defined(__SSE2__) || defined(__ARM_NEON))
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

//- section linear_dense: sums vectors
#ifdef tinynn_vectors
// Four outputs from `o` on, for which x is loaded once.
tinynn_inline void tinynn_linear_rows(int inputs, tinynn_numbers x, const float* values, const void* bias,
                                      int o, tinynn_result r) {
  const float* from = (const float*)x.data;
  const tinynn_vector zero = {0};
  tinynn_vector sums[4][2];
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) sums[q][0] = sums[q][1] = zero;
  values += (ptrdiff_t)o * inputs;
  int i = 0;
  for (; inputs - i >= 2 * tinynn_lanes; i += 2 * tinynn_lanes) {
    tinynn_vector v[2], w[2];
    __builtin_memcpy(&v[0], from + i, sizeof v[0]);
    __builtin_memcpy(&v[1], from + i + tinynn_lanes, sizeof v[1]);
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) {
      __builtin_memcpy(&w[0], values + (ptrdiff_t)q * inputs + i, sizeof w[0]);
      __builtin_memcpy(&w[1], values + (ptrdiff_t)q * inputs + i + tinynn_lanes, sizeof w[1]);
      sums[q][0] += w[0] * v[0];
      sums[q][1] += w[1] * v[1];
    }
  }
  if (inputs - i >= tinynn_lanes) {
    tinynn_vector v, w;
    __builtin_memcpy(&v, from + i, sizeof v);
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) {
      __builtin_memcpy(&w, values + (ptrdiff_t)q * inputs + i, sizeof w);
      sums[q][0] += w * v;
    }
    i += tinynn_lanes;
  }
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
    const tinynn_vector both = sums[q][0] + sums[q][1];
    float lanes[tinynn_lanes];
    __builtin_memcpy(lanes, &both, sizeof lanes);
    tinynn_number sum = tinynn_bias(x, bias, o + q);
    for (int j = i; j < inputs; ++j) sum.real += values[(ptrdiff_t)q * inputs + j] * from[j];
    for (int l = 0; l < tinynn_lanes; ++l) sum.real += lanes[l];
    tinynn_finish(r, o + q, o + q, x, sum);
  }
}
#endif

#if defined(tinynn_vectors) && defined(__SSE2__)
// Bytes, in 16 bits each, of which a lane has two.
tinynn_inline tinynn_whole_vector tinynn_widened(int format, const void* bytes) {
#ifdef __AVX2__
  const __m128i v = _mm_loadu_si128((const __m128i*)bytes);
  return (tinynn_whole_vector)(format == tinynn_int8 ? _mm256_cvtepi8_epi16(v) : _mm256_cvtepu8_epi16(v));
#else
  const __m128i v = _mm_loadl_epi64((const __m128i*)bytes);
  return (tinynn_whole_vector)(format == tinynn_int8 ? _mm_srai_epi16(_mm_unpacklo_epi8(v, v), 8)
                                                     : _mm_unpacklo_epi8(v, _mm_setzero_si128()));
#endif
}

// The same for whole numbers.
tinynn_inline void tinynn_linear_whole_rows(int inputs, tinynn_numbers x, const int8_t* values,
                                            const void* bias, int o, tinynn_result r) {
  const tinynn_whole_vector zero = {0};
  tinynn_whole_vector sums[4] = {zero, zero, zero, zero};
  int i = 0;
  values += (ptrdiff_t)o * inputs;
  for (; inputs - i >= 2 * tinynn_lanes; i += 2 * tinynn_lanes) {
    const tinynn_whole_vector v = tinynn_widened(x.format, (const uint8_t*)x.data + i);
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q)
      sums[q] += tinynn_products(v, tinynn_widened(tinynn_int8, values + (ptrdiff_t)q * inputs + i));
  }
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
    tinynn_number sum = tinynn_bias(x, bias, o + q);
    for (int l = 0; l < tinynn_lanes; ++l) sum.whole += sums[q][l];
    for (int j = i; j < inputs; ++j)
      sum = tinynn_add_product(sum, tinynn_read(tinynn_int8, values, (ptrdiff_t)q * inputs + j), x, j);
    tinynn_finish(r, o + q, o + q, x, sum);
  }
}
#endif

// Floats in sixteen sums, which fit into vectors, for C keeps the order in which floats are added.
tinynn_inline void tinynn_linear_dense(int outputs, int inputs, tinynn_numbers x, int format,
                                       const void* values, const void* bias, tinynn_result r) {
#ifdef tinynn_vectors
  if (x.format == tinynn_float32 && format == tinynn_float32 && outputs >= 4) {
    for (int o = 0; o < outputs; o += 4)  // the last four may be some of those before them, too
      tinynn_linear_rows(inputs, x, (const float*)values, bias, o < outputs - 4 ? o : outputs - 4, r);
    return;
  }
#ifdef __SSE2__
  if (x.format != tinynn_float32 && format == tinynn_int8 && outputs >= 4) {
    for (int o = 0; o < outputs; o += 4)
      tinynn_linear_whole_rows(inputs, x, (const int8_t*)values, bias, o < outputs - 4 ? o : outputs - 4, r);
    return;
  }
#endif
#endif
  for (int o = 0, k = 0; o < outputs; ++o) {
    tinynn_number sum = tinynn_bias(x, bias, o);
    int i = 0;
    if (x.format == tinynn_float32) {
      float sums[16] = {0};
      for (; inputs - i >= 16; i += 16, k += 16) {
        for (int j = 0; j < 16; ++j) {
          sums[j] += tinynn_read(format, values, k + j).real * ((const float*)x.data)[i + j];
        }
      }
      for (; i < inputs; ++i, ++k) sum = tinynn_add_product(sum, tinynn_read(format, values, k), x, i);
      for (int j = 0; j < 16; ++j) sum.real += sums[j];
    } else {
      for (; i < inputs; ++i, ++k) sum = tinynn_add_product(sum, tinynn_read(format, values, k), x, i);
    }
    tinynn_finish(r, o, o, x, sum);
  }
}

//- section linear_masked: sums masked
tinynn_inline void tinynn_linear_masked(int outputs, int inputs, tinynn_numbers x, int format,
                                        const void* values, const uint8_t* bits, const void* bias,
                                        tinynn_result r) {
  for (int o = 0, k = 0; o < outputs; ++o) {
    const uint8_t* byte = bits + o * inputs / 8;
    tinynn_number sum = tinynn_bias(x, bias, o);
    for (int i = -(o * inputs % 8); i < inputs; i += 8) {
      for (unsigned left = tinynn_bits(*byte++, i, inputs); left != 0; left &= left - 1) {
        sum = tinynn_add_product(sum, tinynn_read(format, values, k++), x, i + tinynn_lowest(left));
      }
    }
    tinynn_finish(r, o, o, x, sum);
  }
}

//- section linear_sparse: sums
// In two sums, for one would wait for each product.
tinynn_inline void tinynn_linear_sparse(int outputs, int inputs, tinynn_numbers x, int format,
                                        const void* values, const uint8_t* gaps, int count_format,
                                        const void* counts, const void* bias, tinynn_result r) {
  (void)inputs;
  ptrdiff_t k = 0;
  for (int o = 0; o < outputs; ++o) {
    ptrdiff_t left = tinynn_whole(count_format, counts, o), i = 0;
    tinynn_number sum = tinynn_bias(x, bias, o), other = {0, 0};
    for (; left > 1; left -= 2, k += 2) {
      const ptrdiff_t first = i + gaps[k];
      i = first + gaps[k + 1];
      sum = tinynn_add_product(sum, tinynn_read(format, values, k), x, first);
      other = tinynn_add_product(other, tinynn_read(format, values, k + 1), x, i);
    }
    if (left == 1) {
      i += gaps[k];
      sum = tinynn_add_product(sum, tinynn_read(format, values, k++), x, i);
    }
    sum.real += other.real;
    sum.whole += other.whole;
    tinynn_finish(r, o, o, x, sum);
  }
}

//- section conv2d: sums
// Outputs and channels are those of one group.
typedef struct {
  int groups, outputs, channels, h, w, oh, ow, kh, kw, stride_h, stride_w, top, left, dilation_h, dilation_w;
} tinynn_conv;

tinynn_inline void tinynn_conv2d_begin(tinynn_conv s, int output, tinynn_numbers x, const void* bias,
                                       void* sums) {
  const tinynn_number b = tinynn_bias(x, bias, output);
  for (int p = 0; p < s.oh * s.ow; ++p) {
    if (x.format == tinynn_float32) {
      ((float*)sums)[p] = b.real;
    } else {
      ((int32_t*)sums)[p] = b.whole;
    }
  }
}

// The first i with offset + i stride >= edge.
tinynn_inline int tinynn_first(int edge, int offset, int stride) {
  return edge > offset ? (edge - offset + stride - 1) / stride : 0;
}

tinynn_inline void tinynn_add_pixel(tinynn_number weight, tinynn_numbers x, ptrdiff_t i, void* sums,
                                    ptrdiff_t p) {
  const tinynn_number v = tinynn_read(x.format, x.data, i);
  if (x.format == tinynn_float32) {
    ((float*)sums)[p] += weight.real * v.real;
  } else {
    ((int32_t*)sums)[p] += weight.whole * v.whole;
  }
}

// Adds one weight times all pixels that it is multiplied with. Where their number is the same for all
// weights, GCC would unroll the loop over them before it could vectorize it.
tinynn_inline void tinynn_conv2d_add(tinynn_conv s, int output, tinynn_numbers x, int term,
                                     tinynn_number weight, int same_count, void* sums) {
  const int plane = (output / s.outputs * s.channels + term / (s.kh * s.kw)) * s.h * s.w;
  const int top = term / s.kw % s.kh * s.dilation_h - s.top, left = term % s.kw * s.dilation_w - s.left;
  const int bottom = tinynn_first(s.h, top, s.stride_h), right = tinynn_first(s.w, left, s.stride_w);
  const int j_begin = tinynn_first(0, left, s.stride_w), j_end = right < s.ow ? right : s.ow;
  for (int i = tinynn_first(0, top, s.stride_h); i < bottom && i < s.oh; ++i) {
    const ptrdiff_t from = plane + (top + i * s.stride_h) * s.w + left, to = i * s.ow;
    if (same_count) {
#pragma GCC unroll 1
      for (int j = j_begin; j < j_end; ++j) tinynn_add_pixel(weight, x, from + j * s.stride_w, sums, to + j);
    } else {
      for (int j = j_begin; j < j_end; ++j) tinynn_add_pixel(weight, x, from + j * s.stride_w, sums, to + j);
    }
  }
}

tinynn_inline void tinynn_conv2d_end(tinynn_conv s, int output, tinynn_numbers x, const void* sums,
                                     tinynn_result r) {
  const int positions = s.oh * s.ow, format = x.format == tinynn_float32 ? tinynn_float32 : tinynn_int32;
  for (int p = 0; p < positions; ++p) {
    tinynn_finish(r, output * positions + p, output, x, tinynn_read(format, sums, p));
  }
}

//- section conv2d_padded: conv2d vectors identity relu
#ifdef tinynn_vectors
// Pixels are first laid out with their padding, so that no edge is left to look at, columns that are a stride
// apart side by side: padded[channel][row][phase][column]. Then the sums of an output or four at a few
// vectors of positions stay in registers while all terms go by.
typedef struct {
  int rows, columns;  // columns of each phase, with those that the last vector of a row reads in vain
} tinynn_frame;

tinynn_inline tinynn_frame tinynn_frame_of(tinynn_conv s) {
  const tinynn_frame frame = {
      (s.oh - 1) * s.stride_h + (s.kh - 1) * s.dilation_h + 1,
      (s.ow + tinynn_row - 1) / tinynn_row * tinynn_row + (s.kw - 1) * s.dilation_w / s.stride_w};
  return frame;
}

// Whole numbers are padded[group][channel / tinynn_in_lane][row][phase][column], as int32 or as two int16 in
// one.
tinynn_inline void tinynn_pad_planes(tinynn_conv s, tinynn_numbers x, void* padded) {
  const tinynn_frame frame = tinynn_frame_of(s);
  const int floats = x.format == tinynn_float32, step = floats ? 1 : (int)tinynn_in_lane;
  const ptrdiff_t plane = (ptrdiff_t)s.h * s.w;
  ptrdiff_t to = 0;
  for (int c = 0; c < s.groups * s.channels; c += s.channels - c % s.channels < step ? 1 : step) {
    const int both = !floats && step == 2 && s.channels - c % s.channels > 1;
    for (int i = 0; i < frame.rows; ++i) {
      const int h = i - s.top, inside = h >= 0 && h < s.h;
      for (int phase = 0; phase < s.stride_w; ++phase, to += frame.columns) {
        // Columns from `begin` to `end` are pixels, those around them padding.
        const int last = tinynn_first(s.left + s.w, phase, s.stride_w);
        const int begin = inside ? tinynn_first(s.left, phase, s.stride_w) : 0;
        const int end = inside ? (last < frame.columns ? last : frame.columns) : 0;
        const ptrdiff_t at = c * plane + (ptrdiff_t)h * s.w + phase - s.left;
        if (floats) {
          float* row = (float*)padded + to;
          for (int j = 0; j < begin; ++j) row[j] = 0;
          for (int j = begin; j < end; ++j) row[j] = ((const float*)x.data)[at + j * s.stride_w];
          for (int j = end; j < frame.columns; ++j) row[j] = 0;
        } else {
          uint32_t* row = (uint32_t*)padded + to;
          for (int j = 0; j < begin; ++j) row[j] = 0;
          for (int j = end; j < frame.columns; ++j) row[j] = 0;
          for (int j = begin; j < end; ++j) {
            uint32_t pair = (uint32_t)tinynn_whole(x.format, x.data, at + j * s.stride_w);
            if (step == 2) pair &= 0xFFFF;
            if (both) pair |= (uint32_t)tinynn_whole(x.format, x.data, at + plane + j * s.stride_w) << 16;
            row[j] = pair;
          }
        }
      }
    }
  }
}

#ifdef __AVX2__
// As tinynn_finish() does: every lane's sum times a multiplier, divided, rounded and limited. There is no
// shift of 64 bits with a sign: 2^62 is added before, and what it has become taken off behind.
tinynn_inline tinynn_whole_vector tinynn_requantized(tinynn_result r, int output, tinynn_whole_vector sums) {
  const long long one = (long long)1 << 62, zero = one >> r.shift;
  const __m256i factor = _mm256_set1_epi32(r.multipliers[output]),
                half = _mm256_set1_epi64x(one + (one >> (63 - r.shift))),
                low = _mm256_set1_epi64x(zero + r.low),
                high = _mm256_set1_epi64x(zero + (r.y.format == tinynn_int8 ? 127 : 255));
  __m256i part[2];  // the lanes of even and of odd number
  for (int i = 0; i < 2; ++i) {
    const __m256i lanes = i == 0 ? (__m256i)sums : _mm256_srli_epi64((__m256i)sums, 32);
    __m256i v = _mm256_srli_epi64(_mm256_add_epi64(_mm256_mul_epi32(lanes, factor), half), r.shift);
    v = _mm256_blendv_epi8(v, low, _mm256_cmpgt_epi64(low, v));
    v = _mm256_blendv_epi8(v, high, _mm256_cmpgt_epi64(v, high));
    part[i] = _mm256_sub_epi64(v, _mm256_set1_epi64x(zero));
  }
  return (tinynn_whole_vector)_mm256_blend_epi32(part[0], _mm256_slli_epi64(part[1], 32), 0xAA);
}
#endif

tinynn_inline void tinynn_finish_lane(tinynn_result r, int i, int output, tinynn_numbers x, int32_t whole) {
  const tinynn_number sum = {0, whole};
#ifdef __AVX2__
  if (r.multipliers != 0) {
    tinynn_write(r.y, i, sum);
    return;
  }
#endif
  tinynn_finish(r, i, output, x, sum);
}

tinynn_inline tinynn_number tinynn_real(float v) {
  const tinynn_number number = {v, 0};
  return number;
}

// Of a vector of positions the first, and how many there are. All, where that is so: loops over tinynn_lanes
// become vectors.
typedef struct {
  int at, count;
} tinynn_span;

tinynn_inline tinynn_span tinynn_span_of(tinynn_conv s, int o, int vector) {
  const int in_row = (s.ow + tinynn_lanes - 1) / tinynn_lanes, column = vector % in_row * tinynn_lanes;
  const tinynn_span span = {(o * s.oh + vector / in_row) * s.ow + column,
                            s.ow - column < tinynn_lanes ? s.ow - column : (int)tinynn_lanes};
  return span;
}

// All of a vector. Most activations are none or relu, which compilers leave as a branch for each lane.
tinynn_inline void tinynn_finish_vector(tinynn_result r, int i, int output, tinynn_numbers x,
                                        tinynn_vector sums) {
  if (r.y.format == tinynn_float32 && r.scales == 0 && (r.f == tinynn_relu || r.f == tinynn_identity)) {
    const tinynn_vector zero = {0};
    const tinynn_whole_vector kept = (tinynn_whole_vector)sums & ~(tinynn_whole_vector)(sums < zero);
    if (r.f == tinynn_relu) sums = (tinynn_vector)kept;
    __builtin_memcpy((float*)r.y.data + i, &sums, sizeof sums);
    return;
  }
  for (int l = 0; l < tinynn_lanes; ++l) tinynn_finish(r, i + l, output, x, tinynn_real(sums[l]));
}

tinynn_inline void tinynn_finish_floats(tinynn_conv s, tinynn_numbers x, tinynn_result r, int o, int vector,
                                        tinynn_vector sums) {
  const tinynn_span span = tinynn_span_of(s, o, vector);
  if (span.count == tinynn_lanes) {
    tinynn_finish_vector(r, span.at, o, x, sums);
  } else {
    for (int l = 0; l < span.count; ++l) tinynn_finish(r, span.at + l, o, x, tinynn_real(sums[l]));
  }
}

tinynn_inline void tinynn_finish_wholes(tinynn_conv s, tinynn_numbers x, tinynn_result r, int o, int vector,
                                        tinynn_whole_vector sums) {
  const tinynn_span span = tinynn_span_of(s, o, vector);
  int32_t lanes[tinynn_lanes];
#ifdef __AVX2__
  if (r.multipliers != 0) sums = tinynn_requantized(r, o, sums);
#endif
  __builtin_memcpy(lanes, &sums, sizeof lanes);
  if (span.count == tinynn_lanes) {
    for (int l = 0; l < tinynn_lanes; ++l) tinynn_finish_lane(r, span.at + l, o, x, lanes[l]);
  } else {
    for (int l = 0; l < span.count; ++l) tinynn_finish_lane(r, span.at + l, o, x, lanes[l]);
  }
}

// Where the first pixel of a vector of positions is, in the planes of the group of output o.
tinynn_inline ptrdiff_t tinynn_first_pixel(tinynn_conv s, int o, int planes, int vector) {
  const tinynn_frame frame = tinynn_frame_of(s);
  const int in_row = (s.ow + tinynn_lanes - 1) / tinynn_lanes;
  return ((ptrdiff_t)(o / s.outputs * planes) * frame.rows + vector / in_row * s.stride_h) * s.stride_w *
             frame.columns +
         vector % in_row * tinynn_lanes;
}
#endif

//- section conv2d_dense: conv2d_padded
#ifdef tinynn_vectors
// sums[q][m] += the weights of row q times what is at from[m], over all channels and taps. Functions of their
// own, for inlined into a large one the sums would not all find a register.
static __attribute__((noinline, unused)) void tinynn_conv2d_tile(int channels, ptrdiff_t plane, int count,
                                                                 const int* taps, const float* const* from,
                                                                 const float* w, ptrdiff_t terms,
                                                                 tinynn_vector (*out)[tinynn_across]) {
  tinynn_vector sums[4][tinynn_across];
  const float* at[tinynn_across];
#pragma GCC unroll 4
  for (int m = 0; m < tinynn_across; ++m) {
    at[m] = from[m];
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) sums[q][m] = out[q][m];
  }
  for (int c = 0; c < channels; ++c) {
#pragma GCC unroll 1
    for (int t = 0; t < count; ++t, ++w) {
      tinynn_vector v[tinynn_across];
#pragma GCC unroll 4
      for (int m = 0; m < tinynn_across; ++m) __builtin_memcpy(&v[m], at[m] + taps[t], sizeof v[m]);
#pragma GCC unroll 4
      for (int q = 0; q < 4; ++q) {
#pragma GCC unroll 4
        for (int m = 0; m < tinynn_across; ++m) sums[q][m] += w[q * terms] * v[m];
      }
    }
#pragma GCC unroll 4
    for (int m = 0; m < tinynn_across; ++m) at[m] += plane;
  }
#pragma GCC unroll 4
  for (int m = 0; m < tinynn_across; ++m) {
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) out[q][m] = sums[q][m];
  }
}

// The weights of four rows, as a lane takes them, side by side: factors[plane][tap][row]. The second channel
// of a lane, where there is none, is zeros.
tinynn_inline void tinynn_pair_weights(int channels, int count, const int8_t* w, int32_t* factors) {
  for (int c = 0; c < channels; c += tinynn_in_lane) {
    for (int t = 0; t < count; ++t) {
      for (int q = 0; q < 4; ++q) {
        const int8_t* of = w + ((ptrdiff_t)q * channels + c) * count + t;
        const int32_t other = channels - c < tinynn_in_lane ? 0 : of[(tinynn_in_lane - 1) * count];
        *factors++ = tinynn_in_lane == 1 ? *of : (int32_t)(((uint32_t)*of & 0xFFFF) | (uint32_t)other << 16);
      }
    }
  }
}

static __attribute__((noinline, unused)) void tinynn_conv2d_whole_tile(
    int planes, ptrdiff_t plane, int count, const int* taps, const int32_t* const* from,
    const int32_t* factors, tinynn_whole_vector (*out)[tinynn_across]) {
  const tinynn_whole_vector zero = {0};
  tinynn_whole_vector sums[4][tinynn_across];
  const int32_t* at[tinynn_across];
#pragma GCC unroll 4
  for (int m = 0; m < tinynn_across; ++m) {
    at[m] = from[m];
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) sums[q][m] = out[q][m];
  }
  for (int c = 0; c < planes; ++c) {
#pragma GCC unroll 1
    for (int t = 0; t < count; ++t, factors += 4) {
      tinynn_whole_vector v[tinynn_across];
#pragma GCC unroll 4
      for (int m = 0; m < tinynn_across; ++m) __builtin_memcpy(&v[m], at[m] + taps[t], sizeof v[m]);
#pragma GCC unroll 4
      for (int q = 0; q < 4; ++q) {
#pragma GCC unroll 4
        for (int m = 0; m < tinynn_across; ++m) sums[q][m] += tinynn_products(v[m], zero + factors[q]);
      }
    }
#pragma GCC unroll 4
    for (int m = 0; m < tinynn_across; ++m) at[m] += plane;
  }
#pragma GCC unroll 4
  for (int m = 0; m < tinynn_across; ++m) {
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) out[q][m] = sums[q][m];
  }
}

// Four outputs from `o` on, which are of one group, at all positions.
tinynn_inline void tinynn_conv2d_tiles(tinynn_conv s, tinynn_numbers x, const void* weights, const void* bias,
                                       void* padded, const int* taps, int o, tinynn_result r) {
  const tinynn_frame frame = tinynn_frame_of(s);
  const int vectors = s.oh * ((s.ow + tinynn_lanes - 1) / tinynn_lanes), whole = x.format != tinynn_float32;
  const ptrdiff_t plane = (ptrdiff_t)frame.rows * s.stride_w * frame.columns,
                  terms = s.channels * s.kh * s.kw;
  const int planes = whole ? (s.channels + tinynn_in_lane - 1) / tinynn_in_lane : s.channels;
  int32_t* factors = (int32_t*)padded + s.groups * planes * plane;
  if (whole) tinynn_pair_weights(s.channels, s.kh * s.kw, (const int8_t*)weights + o * terms, factors);
  for (int i = 0; i < vectors; i += tinynn_across) {
    ptrdiff_t from[tinynn_across];
    for (int m = 0; m < tinynn_across; ++m)
      from[m] = tinynn_first_pixel(s, o, planes, i + m < vectors ? i + m : i);
    if (whole) {
      const tinynn_whole_vector zero = {0};
      tinynn_whole_vector sums[4][tinynn_across];
      const int32_t* pixels[tinynn_across];
      for (int m = 0; m < tinynn_across; ++m) {
        pixels[m] = (const int32_t*)padded + from[m];
        for (int q = 0; q < 4; ++q) sums[q][m] = tinynn_bias(x, bias, o + q).whole + zero;
      }
      tinynn_conv2d_whole_tile(planes, plane, s.kh * s.kw, taps, pixels, factors, sums);
      for (int q = 0; q < 4; ++q) {
        for (int m = 0; m < tinynn_across && i + m < vectors; ++m)
          tinynn_finish_wholes(s, x, r, o + q, i + m, sums[q][m]);
      }
    } else {
      const tinynn_vector zero = {0};
      tinynn_vector sums[4][tinynn_across];
      const float* pixels[tinynn_across];
      for (int m = 0; m < tinynn_across; ++m) {
        pixels[m] = (const float*)padded + from[m];
        for (int q = 0; q < 4; ++q) sums[q][m] = tinynn_bias(x, bias, o + q).real - zero;
      }
      tinynn_conv2d_tile(s.channels, plane, s.kh * s.kw, taps, pixels, (const float*)weights + o * terms,
                         terms, sums);
      for (int q = 0; q < 4; ++q) {
        for (int m = 0; m < tinynn_across && i + m < vectors; ++m)
          tinynn_finish_floats(s, x, r, o + q, i + m, sums[q][m]);
      }
    }
  }
}
#endif

tinynn_inline void tinynn_conv2d_dense(tinynn_conv s, tinynn_numbers x, int format, const void* values,
                                       const void* bias, void* sums, tinynn_result r) {
  const int terms = s.channels * s.kh * s.kw;
#ifdef tinynn_vectors
  int taps[64];
  const int same = x.format == tinynn_float32 ? format == tinynn_float32 : format == tinynn_int8;
  if (same && s.outputs >= 4 && s.kh * s.kw <= 64) {
    const tinynn_frame frame = tinynn_frame_of(s);
    for (int t = 0; t < s.kh * s.kw; ++t) {
      const int row = t / s.kw * s.dilation_h, column = t % s.kw * s.dilation_w;
      taps[t] = (row * s.stride_w + column % s.stride_w) * frame.columns + column / s.stride_w;
    }
    tinynn_pad_planes(s, x, sums);
    for (int group = 0; group < s.groups; ++group) {
      const int begin = group * s.outputs, end = begin + s.outputs;
      for (int o = begin; o < end; o += 4)  // the last four may be some of those before them, too
        tinynn_conv2d_tiles(s, x, values, bias, sums, taps, o < end - 4 ? o : end - 4, r);
    }
    return;
  }
#endif
  for (int o = 0, k = 0; o < s.groups * s.outputs; ++o) {
    tinynn_conv2d_begin(s, o, x, bias, sums);
    for (int t = 0; t < terms; ++t)
      tinynn_conv2d_add(s, o, x, t, tinynn_read(format, values, k++), s.top == 0 && s.left == 0, sums);
    tinynn_conv2d_end(s, o, x, sums, r);
  }
}

//- section conv2d_live: conv2d_padded
// Convolutions that have some of their weights go through these, one output at a time.
#ifdef tinynn_vectors
enum { tinynn_positions_at_once = 8 };  // vectors of them

// Whether there are enough positions for vectors.
tinynn_inline int tinynn_in_vectors(tinynn_conv s) { return s.oh * s.ow >= 16; }

tinynn_inline ptrdiff_t tinynn_padded_size(tinynn_conv s, tinynn_numbers x) {
  const tinynn_frame frame = tinynn_frame_of(s);
  const int step = x.format == tinynn_float32 ? 1 : (int)tinynn_in_lane;
  return (ptrdiff_t)s.groups * ((s.channels + step - 1) / step) * frame.rows * s.stride_w * frame.columns;
}

// Live weight number k: how far behind a position it reads, and what it multiplies with.
tinynn_inline void tinynn_note_live(tinynn_conv s, tinynn_numbers x, int term, tinynn_number weight,
                                    void* live, int k) {
  const tinynn_frame frame = tinynn_frame_of(s);
  const int step = x.format == tinynn_float32 ? 1 : (int)tinynn_in_lane;
  const int channel = term / (s.kh * s.kw), row = term / s.kw % s.kh * s.dilation_h,
            column = term % s.kw * s.dilation_w;
  const int32_t place =
      ((channel / step * frame.rows + row) * s.stride_w + column % s.stride_w) * frame.columns +
      column / s.stride_w;
  __builtin_memcpy((char*)live + (ptrdiff_t)8 * k, &place, 4);
  if (x.format == tinynn_float32) {
    __builtin_memcpy((char*)live + (ptrdiff_t)8 * k + 4, &weight.real, 4);
  } else {
    const uint32_t bits = (uint32_t)weight.whole;
    const uint32_t factor = step == 1 ? bits : channel % 2 == 0 ? bits & 0xFFFF : bits << 16;
    __builtin_memcpy((char*)live + (ptrdiff_t)8 * k + 4, &factor, 4);
  }
}

static __attribute__((noinline, unused)) void tinynn_live_floats(int count, const char* live,
                                                                 const float* const* from, float bias,
                                                                 tinynn_vector* out) {
  const tinynn_vector zero = {0};
  tinynn_vector sums[tinynn_positions_at_once];
  const float* at[tinynn_positions_at_once];
#pragma GCC unroll 8
  for (int m = 0; m < tinynn_positions_at_once; ++m) sums[m] = bias - zero, at[m] = from[m];
#pragma GCC unroll 1
  for (int k = 0; k < count; ++k, live += 8) {
    int32_t place;
    float weight;
    __builtin_memcpy(&place, live, 4);
    __builtin_memcpy(&weight, live + 4, 4);
#pragma GCC unroll 8
    for (int m = 0; m < tinynn_positions_at_once; ++m) {
      tinynn_vector v;
      __builtin_memcpy(&v, at[m] + place, sizeof v);
      sums[m] += weight * v;
    }
  }
#pragma GCC unroll 8
  for (int m = 0; m < tinynn_positions_at_once; ++m) out[m] = sums[m];
}

static __attribute__((noinline, unused)) void tinynn_live_wholes(int count, const char* live,
                                                                 const int32_t* const* from, int32_t bias,
                                                                 tinynn_whole_vector* out) {
  const tinynn_whole_vector zero = {0};
  tinynn_whole_vector sums[tinynn_positions_at_once];
  const int32_t* at[tinynn_positions_at_once];
#pragma GCC unroll 8
  for (int m = 0; m < tinynn_positions_at_once; ++m) sums[m] = bias + zero, at[m] = from[m];
#pragma GCC unroll 1
  for (int k = 0; k < count; ++k, live += 8) {
    int32_t place, factor;
    __builtin_memcpy(&place, live, 4);
    __builtin_memcpy(&factor, live + 4, 4);
#pragma GCC unroll 8
    for (int m = 0; m < tinynn_positions_at_once; ++m) {
      tinynn_whole_vector v;
      __builtin_memcpy(&v, at[m] + place, sizeof v);
      sums[m] += tinynn_products(v, zero + factor);
    }
  }
#pragma GCC unroll 8
  for (int m = 0; m < tinynn_positions_at_once; ++m) out[m] = sums[m];
}

// Output o at all positions, by `count` weights that were noted.
tinynn_inline void tinynn_conv2d_live(tinynn_conv s, tinynn_numbers x, const void* bias, const void* padded,
                                      const void* live, int count, int o, tinynn_result r) {
  const int vectors = s.oh * ((s.ow + tinynn_lanes - 1) / tinynn_lanes), whole = x.format != tinynn_float32;
  const int planes = whole ? (s.channels + tinynn_in_lane - 1) / tinynn_in_lane : s.channels;
  const tinynn_number b = tinynn_bias(x, bias, o);
  for (int i = 0; i < vectors; i += tinynn_positions_at_once) {
    const float* floats[tinynn_positions_at_once];
    const int32_t* wholes[tinynn_positions_at_once];
    tinynn_vector float_sums[tinynn_positions_at_once];
    tinynn_whole_vector whole_sums[tinynn_positions_at_once];
    for (int m = 0; m < tinynn_positions_at_once; ++m) {
      const ptrdiff_t first = tinynn_first_pixel(s, o, planes, i + m < vectors ? i + m : i);
      floats[m] = (const float*)padded + first, wholes[m] = (const int32_t*)padded + first;
    }
    if (whole) {
      tinynn_live_wholes(count, (const char*)live, wholes, b.whole, whole_sums);
    } else {
      tinynn_live_floats(count, (const char*)live, floats, b.real, float_sums);
    }
    for (int m = 0; m < tinynn_positions_at_once && i + m < vectors; ++m) {
      if (whole) {
        tinynn_finish_wholes(s, x, r, o, i + m, whole_sums[m]);
      } else {
        tinynn_finish_floats(s, x, r, o, i + m, float_sums[m]);
      }
    }
  }
}
#endif

// A live weight, which is added to the sums now or noted for later, as number k.
tinynn_inline void tinynn_take_live(tinynn_conv s, int o, tinynn_numbers x, int term, tinynn_number weight,
                                    void* sums, int k) {
#ifdef tinynn_vectors
  if (tinynn_in_vectors(s)) {
    void* live = (char*)sums + 4 * tinynn_padded_size(s, x);
    tinynn_note_live(s, x, term, weight, live, k);
    return;
  }
#endif
  (void)k;
  tinynn_conv2d_add(s, o, x, term, weight, 0, sums);
}

tinynn_inline void tinynn_live_prepare(tinynn_conv s, tinynn_numbers x, void* sums) {
#ifdef tinynn_vectors
  if (tinynn_in_vectors(s)) tinynn_pad_planes(s, x, sums);
#endif
  (void)s, (void)x, (void)sums;
}

tinynn_inline void tinynn_live_begin(tinynn_conv s, int o, tinynn_numbers x, const void* bias, void* sums) {
#ifdef tinynn_vectors
  if (tinynn_in_vectors(s)) return;
#endif
  tinynn_conv2d_begin(s, o, x, bias, sums);
}

tinynn_inline void tinynn_live_end(tinynn_conv s, int o, tinynn_numbers x, const void* bias, void* sums,
                                   int count, tinynn_result r) {
#ifdef tinynn_vectors
  if (tinynn_in_vectors(s)) {
    const void* live = (const char*)sums + 4 * tinynn_padded_size(s, x);
    tinynn_conv2d_live(s, x, bias, sums, live, count, o, r);
    return;
  }
#endif
  (void)bias, (void)count;
  tinynn_conv2d_end(s, o, x, sums, r);
}

//- section conv2d_masked: conv2d_live masked
tinynn_inline void tinynn_conv2d_masked(tinynn_conv s, tinynn_numbers x, int format, const void* values,
                                        const uint8_t* bits, const void* bias, void* sums, tinynn_result r) {
  const int terms = s.channels * s.kh * s.kw;
  tinynn_live_prepare(s, x, sums);
  for (int o = 0, first = 0, k = 0; o < s.groups * s.outputs; ++o, first = k) {
    const uint8_t* byte = bits + o * terms / 8;
    tinynn_live_begin(s, o, x, bias, sums);
    for (int t = -(o * terms % 8); t < terms; t += 8) {
      for (unsigned left = tinynn_bits(*byte++, t, terms); left != 0; left &= left - 1, ++k)
        tinynn_take_live(s, o, x, t + tinynn_lowest(left), tinynn_read(format, values, k), sums, k - first);
    }
    tinynn_live_end(s, o, x, bias, sums, k - first, r);
  }
}

//- section conv2d_sparse: conv2d_live
tinynn_inline void tinynn_conv2d_sparse(tinynn_conv s, tinynn_numbers x, int format, const void* values,
                                        const uint8_t* gaps, int count_format, const void* counts,
                                        const void* bias, void* sums, tinynn_result r) {
  tinynn_live_prepare(s, x, sums);
  for (int o = 0, first = 0; o < s.groups * s.outputs; ++o) {
    const int count = tinynn_whole(count_format, counts, o);
    tinynn_live_begin(s, o, x, bias, sums);
    for (int k = 0, t = 0; k < count; ++k) {
      t += gaps[first + k];
      tinynn_take_live(s, o, x, t, tinynn_read(format, values, first + k), sums, k);
    }
    tinynn_live_end(s, o, x, bias, sums, count, r);
    first += count;
  }
}

//- end
#endif
