// What convolutions in vectors of positions have in common.
#ifndef TINYNN_EXPORT_KERNELS_CONV2D_PADDED_H
#define TINYNN_EXPORT_KERNELS_CONV2D_PADDED_H

#include <tinynn/export/kernels/conv2d.h>

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

// The first `count` of a vector, which may be more than it has.
tinynn_inline void tinynn_finish_floats(tinynn_result r, int i, int count, int output, tinynn_numbers x,
                                        tinynn_vector sums) {
  if (count >= tinynn_lanes) {
    tinynn_finish_vector(r, i, output, x, sums);
  } else {
    for (int l = 0; l < count; ++l) tinynn_finish(r, i + l, output, x, tinynn_real(sums[l]));
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

// Of a group of channels.
tinynn_inline int tinynn_planes_of(tinynn_conv s, tinynn_numbers x) {
  const int step = x.format == tinynn_float32 ? 1 : (int)tinynn_in_lane;
  return (s.channels + step - 1) / step;
}

tinynn_inline ptrdiff_t tinynn_plane_size(tinynn_conv s) {
  const tinynn_frame frame = tinynn_frame_of(s);
  return (ptrdiff_t)frame.rows * s.stride_w * frame.columns;
}

// What lies behind the padded planes begins there.
tinynn_inline ptrdiff_t tinynn_padded_size(tinynn_conv s, tinynn_numbers x) {
  return s.groups * tinynn_planes_of(s, x) * tinynn_plane_size(s);
}

// Where the first pixel of a vector of positions is, in the planes of the group of output o.
tinynn_inline ptrdiff_t tinynn_first_pixel(tinynn_conv s, tinynn_numbers x, int o, int vector) {
  const int in_row = (s.ow + tinynn_lanes - 1) / tinynn_lanes;
  return o / s.outputs * tinynn_planes_of(s, x) * tinynn_plane_size(s) +
         (ptrdiff_t)(vector / in_row * s.stride_h) * s.stride_w * tinynn_frame_of(s).columns +
         vector % in_row * tinynn_lanes;
}
#endif

//- end
#endif
