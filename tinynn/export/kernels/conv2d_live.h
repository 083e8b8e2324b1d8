// Convolutions of which some weights are pruned, masked or sparse: those take no time.
#ifndef TINYNN_EXPORT_KERNELS_CONV2D_LIVE_H
#define TINYNN_EXPORT_KERNELS_CONV2D_LIVE_H

#include <tinynn/export/kernels/conv2d_padded.h>

//- section conv2d_live: conv2d_padded
// Convolutions that have some of their weights go through these, one output at a time.
#ifdef tinynn_vectors
enum { tinynn_positions_at_once = 8 };  // vectors of them

// Whether there are enough positions for vectors.
tinynn_inline int tinynn_in_vectors(tinynn_conv s) { return s.oh * s.ow >= 16; }

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
  const tinynn_number b = tinynn_bias(x, bias, o);
  for (int i = 0; i < vectors; i += tinynn_positions_at_once) {
    const float* floats[tinynn_positions_at_once];
    const int32_t* wholes[tinynn_positions_at_once];
    tinynn_vector float_sums[tinynn_positions_at_once];
    tinynn_whole_vector whole_sums[tinynn_positions_at_once];
    for (int m = 0; m < tinynn_positions_at_once; ++m) {
      const ptrdiff_t first = tinynn_first_pixel(s, x, o, i + m < vectors ? i + m : i);
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
        const tinynn_span span = tinynn_span_of(s, o, i + m);
        tinynn_finish_floats(r, span.at, span.count, o, x, float_sums[m]);
      }
    }
  }
}
#endif

// An output is begun, its live weights are taken one by one, the k-th of them as number k, and it is ended.
// Where there are vectors its weights are noted until then, behind the padded planes.
tinynn_inline void tinynn_live_begin(tinynn_conv s, int o, tinynn_numbers x, const void* bias, void* sums) {
#ifdef tinynn_vectors
  if (tinynn_in_vectors(s)) {
    if (o == 0) tinynn_pad_planes(s, x, sums);
    return;
  }
#endif
  tinynn_conv2d_begin(s, o, x, bias, sums);
}

tinynn_inline void tinynn_live_take(tinynn_conv s, int o, tinynn_numbers x, int term, tinynn_number weight,
                                    void* sums, int k) {
#ifdef tinynn_vectors
  if (tinynn_in_vectors(s)) {
    tinynn_note_live(s, x, term, weight, (char*)sums + 4 * tinynn_padded_size(s, x), k);
    return;
  }
#endif
  (void)k;
  tinynn_conv2d_add(s, o, x, term, weight, 0, sums);
}

tinynn_inline void tinynn_live_end(tinynn_conv s, int o, tinynn_numbers x, const void* bias, void* sums,
                                   int count, tinynn_result r) {
#ifdef tinynn_vectors
  if (tinynn_in_vectors(s)) {
    tinynn_conv2d_live(s, x, bias, sums, (const char*)sums + 4 * tinynn_padded_size(s, x), count, o, r);
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
  for (int o = 0, first = 0, k = 0; o < s.groups * s.outputs; ++o, first = k) {
    const uint8_t* byte = bits + o * terms / 8;
    tinynn_live_begin(s, o, x, bias, sums);
    for (int t = -(o * terms % 8); t < terms; t += 8) {
      for (unsigned left = tinynn_bits(*byte++, t, terms); left != 0; left &= left - 1, ++k)
        tinynn_live_take(s, o, x, t + tinynn_lowest(left), tinynn_read(format, values, k), sums, k - first);
    }
    tinynn_live_end(s, o, x, bias, sums, k - first, r);
  }
}

//- section conv2d_sparse: conv2d_live
tinynn_inline void tinynn_conv2d_sparse(tinynn_conv s, tinynn_numbers x, int format, const void* values,
                                        const uint8_t* gaps, int count_format, const void* counts,
                                        const void* bias, void* sums, tinynn_result r) {
  for (int o = 0, first = 0; o < s.groups * s.outputs; ++o) {
    const int count = tinynn_whole(count_format, counts, o);
    tinynn_live_begin(s, o, x, bias, sums);
    for (int k = 0, t = 0; k < count; ++k) {
      t += gaps[first + k];
      tinynn_live_take(s, o, x, t, tinynn_read(format, values, first + k), sums, k);
    }
    tinynn_live_end(s, o, x, bias, sums, count, r);
    first += count;
  }
}

//- end
#endif
