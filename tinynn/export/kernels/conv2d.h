// Convolutions: what all of them have, a weight at a time.
#ifndef TINYNN_EXPORT_KERNELS_CONV2D_H
#define TINYNN_EXPORT_KERNELS_CONV2D_H

#include <tinynn/export/kernels/sums.h>

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

//- end
#endif
