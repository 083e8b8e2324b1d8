// Convolutions with all of their weights.
#ifndef TINYNN_EXPORT_KERNELS_CONV2D_DENSE_H
#define TINYNN_EXPORT_KERNELS_CONV2D_DENSE_H

#include <tinynn/export/kernels/conv2d_padded.h>

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
  const int vectors = s.oh * ((s.ow + tinynn_lanes - 1) / tinynn_lanes), whole = x.format != tinynn_float32;
  const ptrdiff_t plane = tinynn_plane_size(s), terms = s.channels * s.kh * s.kw;
  int32_t* factors = (int32_t*)padded + tinynn_padded_size(s, x);
  if (whole) tinynn_pair_weights(s.channels, s.kh * s.kw, (const int8_t*)weights + o * terms, factors);
  for (int i = 0; i < vectors; i += tinynn_across) {
    ptrdiff_t from[tinynn_across];
    for (int m = 0; m < tinynn_across; ++m)
      from[m] = tinynn_first_pixel(s, x, o, i + m < vectors ? i + m : i);
    if (whole) {
      const tinynn_whole_vector zero = {0};
      tinynn_whole_vector sums[4][tinynn_across];
      const int32_t* pixels[tinynn_across];
      for (int m = 0; m < tinynn_across; ++m) {
        pixels[m] = (const int32_t*)padded + from[m];
        for (int q = 0; q < 4; ++q) sums[q][m] = tinynn_bias(x, bias, o + q).whole + zero;
      }
      tinynn_conv2d_whole_tile(tinynn_planes_of(s, x), plane, s.kh * s.kw, taps, pixels, factors, sums);
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
        for (int m = 0; m < tinynn_across && i + m < vectors; ++m) {
          const tinynn_span span = tinynn_span_of(s, o + q, i + m);
          tinynn_finish_floats(r, span.at, span.count, o + q, x, sums[q][m]);
        }
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

//- end
#endif
