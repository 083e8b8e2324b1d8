// Linear layers.
#ifndef TINYNN_EXPORT_KERNELS_LINEAR_H
#define TINYNN_EXPORT_KERNELS_LINEAR_H

#include <tinynn/export/kernels/sums.h>

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
// In a sum for each byte of the mask, for one would wait for each product.
tinynn_inline void tinynn_linear_masked(int outputs, int inputs, tinynn_numbers x, int format,
                                        const void* values, const uint8_t* bits, const void* bias,
                                        tinynn_result r) {
  for (int o = 0, k = 0; o < outputs; ++o) {
    const uint8_t* byte = bits + o * inputs / 8;
    tinynn_number sum = tinynn_bias(x, bias, o);
    for (int i = -(o * inputs % 8); i < inputs; i += 8) {
      tinynn_number part = {0, 0};
      for (unsigned left = tinynn_bits(*byte++, i, inputs); left != 0; left &= left - 1)
        part = tinynn_add_product(part, tinynn_read(format, values, k++), x, i + tinynn_lowest(left));
      sum.real += part.real;
      sum.whole += part.whole;
    }
    tinynn_finish(r, o, o, x, sum);
  }
}

//- section linear_sparse: sums
// In four sums, for one would wait for each product.
tinynn_inline void tinynn_linear_sparse(int outputs, int inputs, tinynn_numbers x, int format,
                                        const void* values, const uint8_t* gaps, int count_format,
                                        const void* counts, const void* bias, tinynn_result r) {
  (void)inputs;
  ptrdiff_t k = 0;
  for (int o = 0; o < outputs; ++o) {
    ptrdiff_t left = tinynn_whole(count_format, counts, o), i = 0;
    tinynn_number sums[4] = {tinynn_bias(x, bias, o), {0, 0}, {0, 0}, {0, 0}};
    for (; left > 3; left -= 4, k += 4) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) {
        i += gaps[k + j];
        sums[j] = tinynn_add_product(sums[j], tinynn_read(format, values, k + j), x, i);
      }
    }
    for (; left > 0; --left, ++k) {
      i += gaps[k];
      sums[0] = tinynn_add_product(sums[0], tinynn_read(format, values, k), x, i);
    }
    sums[0].real += sums[1].real + (sums[2].real + sums[3].real);
    sums[0].whole += sums[1].whole + (sums[2].whole + sums[3].whole);
    tinynn_finish(r, o, o, x, sums[0]);
  }
}

//- end
#endif
