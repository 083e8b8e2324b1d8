// Convolutions of 3x3, whose weights are stored tap by tap: [output][tap][channel].
#ifndef TINYNN_EXPORT_KERNELS_WINOGRAD_H
#define TINYNN_EXPORT_KERNELS_WINOGRAD_H

#include <tinynn/export/kernels/conv2d_dense.h>

//- section conv2d_winograd: conv2d_dense
#ifdef tinynn_vectors
// Winograd's way (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015): from a tile of
// 4x4 pixels come 2x2 results by 16 products a channel, where 36 are usual. The lanes of a vector are tiles.
// So many outputs and tiles are taken at once, in so many vectors of tiles for each output.
#ifdef __AVX512F__
enum { tinynn_together = 8, tinynn_parts = 1 };
typedef float tinynn_wide __attribute__((vector_size(64)));
#else
enum { tinynn_together = 4, tinynn_parts = 2 };
typedef tinynn_vector tinynn_wide;
#endif
enum { tinynn_tiles_at_once = 2 * tinynn_lanes, tinynn_in_part = tinynn_tiles_at_once / tinynn_parts };

// The lower or the upper half of a[0], b[0], a[1], b[1] and so on.
tinynn_inline tinynn_vector tinynn_zip(tinynn_vector a, tinynn_vector b, int upper) {
#ifdef __AVX2__
  const tinynn_vector lower = {a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3]},
                      higher = {a[4], b[4], a[5], b[5], a[6], b[6], a[7], b[7]};
#else
  const tinynn_vector lower = {a[0], b[0], a[1], b[1]}, higher = {a[2], b[2], a[3], b[3]};
#endif
  return upper ? higher : lower;
}

// Of a and b, the numbers at even or at odd places.
tinynn_inline tinynn_vector tinynn_unzip(tinynn_vector a, tinynn_vector b, int odd) {
#ifdef __AVX2__
  const tinynn_vector even = {a[0], a[2], a[4], a[6], b[0], b[2], b[4], b[6]},
                      others = {a[1], a[3], a[5], a[7], b[1], b[3], b[5], b[7]};
#else
  const tinynn_vector even = {a[0], a[2], b[0], b[2]}, others = {a[1], a[3], b[1], b[3]};
#endif
  return odd ? others : even;
}

// In memory a block has 16 tiles. A row of them is counted as `pitch`, so that vectors begin with rows.
typedef struct {
  int pitch, down, blocks;
  ptrdiff_t of_number;  // between what belongs to the numbers of a block of tiles
} tinynn_tiles;

tinynn_inline tinynn_tiles tinynn_tiles_of(tinynn_conv s) {
  const int across = (s.ow + 1) / 2, down = (s.oh + 1) / 2, pitch = across <= 4 ? 4 : (across + 7) / 8 * 8;
  // The last channel's last vector may reach beyond; and memory caches do not like powers of two.
  const tinynn_tiles tiles = {pitch, down, (pitch * down + 15) / 16, (ptrdiff_t)(s.channels + 1) * 16};
  return tiles;
}

// Of the pixels of all tiles: made[block][number][channel][tile].
tinynn_inline void tinynn_winograd_pixels(tinynn_conv s, tinynn_numbers x, float* padded, float* made) {
  const tinynn_tiles tiles = tinynn_tiles_of(s);
  tinynn_conv whole = s;  // with all pixels of the tiles that are counted
  whole.oh = 2 * tiles.down, whole.ow = 2 * (tiles.pitch < 8 ? 8 : tiles.pitch);
  const tinynn_frame frame = tinynn_frame_of(whole);
  tinynn_pad_planes(whole, x, padded);
  for (int c = 0; c < s.channels; ++c) {
    for (int i = 0; i < tiles.down; ++i) {
      const float* row = padded + ((ptrdiff_t)c * frame.rows + 2 * i) * frame.columns;
      for (int j = 0; j < tiles.pitch; j += tinynn_lanes) {
        tinynn_vector d[4][4], t[4][4];
#pragma GCC unroll 4
        for (int a = 0; a < 4; ++a) {
          tinynn_vector v[4];
          const float* from = row + a * frame.columns + 2 * j;
#pragma GCC unroll 4
          for (int b = 0; b < 4; ++b)
            __builtin_memcpy(&v[b], from + b / 2 * 2 + b % 2 * tinynn_lanes, sizeof v[b]);
#pragma GCC unroll 4
          for (int b = 0; b < 4; ++b) d[a][b] = tinynn_unzip(v[b / 2 * 2], v[b / 2 * 2 + 1], b % 2);
        }
#pragma GCC unroll 4
        for (int b = 0; b < 4; ++b) {
          t[0][b] = d[0][b] - d[2][b], t[1][b] = d[1][b] + d[2][b];
          t[2][b] = d[2][b] - d[1][b], t[3][b] = d[1][b] - d[3][b];
        }
        const int tile = i * tiles.pitch + j;
        float* to = made + tile / 16 * 16 * tiles.of_number + c * 16 + tile % 16;
#pragma GCC unroll 4
        for (int a = 0; a < 4; ++a) {
          const tinynn_vector v[4] = {t[a][0] - t[a][2], t[a][1] + t[a][2], t[a][2] - t[a][1],
                                      t[a][1] - t[a][3]};
#pragma GCC unroll 4
          for (int b = 0; b < 4; ++b)
            __builtin_memcpy(to + (4 * a + b) * tiles.of_number, &v[b], sizeof v[b]);
        }
      }
    }
  }
}

// Of the weights of some outputs: made[number][output][channel].
tinynn_inline void tinynn_winograd_weights(int channels, const float* weights, float* made) {
  for (int q = 0; q < tinynn_together; ++q) {
    for (int begin = 0; begin < channels; begin += tinynn_lanes) {
      // The last ones may be some of those before them, too.
      const int c = begin < channels - tinynn_lanes ? begin : channels - tinynn_lanes;
      tinynn_vector g[3][3], t[4][3];
#pragma GCC unroll 9
      for (int k = 0; k < 9; ++k)
        __builtin_memcpy(&g[k / 3][k % 3], weights + (ptrdiff_t)(9 * q + k) * channels + c, sizeof g[0][0]);
#pragma GCC unroll 3
      for (int b = 0; b < 3; ++b) {
        const tinynn_vector ends = (g[0][b] + g[2][b]) * 0.5F, middle = g[1][b] * 0.5F;
        t[0][b] = g[0][b], t[1][b] = ends + middle, t[2][b] = ends - middle, t[3][b] = g[2][b];
      }
#pragma GCC unroll 4
      for (int a = 0; a < 4; ++a) {
        const tinynn_vector ends = (t[a][0] + t[a][2]) * 0.5F, middle = t[a][1] * 0.5F;
        const tinynn_vector u[4] = {t[a][0], ends + middle, ends - middle, t[a][2]};
#pragma GCC unroll 4
        for (int b = 0; b < 4; ++b)
          __builtin_memcpy(made + (ptrdiff_t)((4 * a + b) * tinynn_together + q) * channels + c, &u[b],
                           sizeof u[b]);
      }
    }
  }
}

// out[q] = the sum over channels of weights[q][c] pixels[c]. A function of its own, for inlined into a large
// one the sums would not all find a register.
static __attribute__((noinline, unused)) void tinynn_winograd_products(int channels, const float* pixels,
                                                                       const float* weights, float* out) {
  const tinynn_wide zero = {0};
  tinynn_wide sums[tinynn_together][tinynn_parts];
#pragma GCC unroll 8
  for (int q = 0; q < tinynn_together; ++q) {
#pragma GCC unroll 2
    for (int m = 0; m < tinynn_parts; ++m) sums[q][m] = zero;
  }
#pragma GCC unroll 2
  for (int c = 0; c < channels; ++c, pixels += 16) {
    tinynn_wide v[tinynn_parts];
#pragma GCC unroll 2
    for (int m = 0; m < tinynn_parts; ++m) __builtin_memcpy(&v[m], pixels + tinynn_in_part * m, sizeof v[m]);
#pragma GCC unroll 8
    for (int q = 0; q < tinynn_together; ++q) {
#pragma GCC unroll 2
      for (int m = 0; m < tinynn_parts; ++m) sums[q][m] += weights[(ptrdiff_t)q * channels + c] * v[m];
    }
  }
#pragma GCC unroll 8
  for (int q = 0; q < tinynn_together; ++q) {
#pragma GCC unroll 2
    for (int m = 0; m < tinynn_parts; ++m)
      __builtin_memcpy(out + tinynn_tiles_at_once * q + tinynn_in_part * m, &sums[q][m], sizeof sums[q][m]);
  }
}

// The results of output o of a vector of tiles, of which `first` is the first.
tinynn_inline void tinynn_winograd_results(tinynn_conv s, tinynn_numbers x, const float* sums,
                                           ptrdiff_t apart, float bias, int o, int first, tinynn_result r) {
  const tinynn_tiles tiles = tinynn_tiles_of(s);
  tinynn_vector m[16], t[2][4];
#pragma GCC unroll 16
  for (int k = 0; k < 16; ++k) __builtin_memcpy(&m[k], sums + k * apart, sizeof m[k]);
#pragma GCC unroll 4
  for (int b = 0; b < 4; ++b) {
    t[0][b] = m[b] + m[4 + b] + m[8 + b];
    t[1][b] = m[4 + b] - m[8 + b] - m[12 + b];
  }
#pragma GCC unroll 2
  for (int a = 0; a < 2; ++a) {
    const tinynn_vector even = t[a][0] + t[a][1] + t[a][2] + bias, odd = t[a][1] - t[a][2] - t[a][3] + bias;
    const tinynn_vector both[2] = {tinynn_zip(even, odd, 0), tinynn_zip(even, odd, 1)};
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const int tile = first + half * tinynn_lanes / 2;
      const int row = tile / tiles.pitch * 2 + a, column = tile % tiles.pitch * 2;
      const int to = (o * s.oh + row) * s.ow + column;
      if (row < s.oh) tinynn_finish_floats(r, to, s.ow - column, o, x, both[half]);
    }
  }
}
#endif

// Floats in one group of eight channels and outputs or more, without stride or dilation.
tinynn_inline void tinynn_conv2d_winograd(tinynn_conv s, tinynn_numbers x, int format, const void* values,
                                          const void* bias, void* sums, tinynn_result r) {
#ifdef tinynn_vectors
  const tinynn_tiles tiles = tinynn_tiles_of(s);
  float *pixels = (float*)sums, *weights = pixels + tiles.blocks * 16 * tiles.of_number,
        *padded = weights + (ptrdiff_t)16 * 8 * s.channels;
  (void)format;
  tinynn_winograd_pixels(s, x, padded, pixels);
  for (int begin = 0; begin < s.outputs; begin += tinynn_together) {
    const int o = begin < s.outputs - tinynn_together ? begin : s.outputs - tinynn_together;
    tinynn_winograd_weights(s.channels, (const float*)values + (ptrdiff_t)o * 9 * s.channels, weights);
    for (int first = 0; first < tiles.pitch * tiles.down; first += tinynn_tiles_at_once) {
      enum { of_number = tinynn_together * tinynn_tiles_at_once };
      const float* of_block = pixels + first / 16 * 16 * tiles.of_number + first % 16;
      float made[16 * of_number];
      for (int k = 0; k < 16; ++k)
        tinynn_winograd_products(s.channels, of_block + k * tiles.of_number,
                                 weights + (ptrdiff_t)k * tinynn_together * s.channels, made + k * of_number);
      for (int q = 0; q < tinynn_together; ++q) {
        for (int m = 0; m < tinynn_tiles_at_once; m += tinynn_lanes)
          tinynn_winograd_results(s, x, made + q * tinynn_tiles_at_once + m, of_number,
                                  tinynn_bias(x, bias, o + q).real, o + q, first + m, r);
      }
    }
  }
#else
  const int terms = 9 * s.channels;
  for (int o = 0; o < s.outputs; ++o) {
    tinynn_conv2d_begin(s, o, x, bias, sums);
    for (int t = 0; t < terms; ++t)
      tinynn_conv2d_add(s, o, x, t, tinynn_read(format, values, o * terms + t % 9 * s.channels + t / 9),
                        s.top == 0 && s.left == 0, sums);
    tinynn_conv2d_end(s, o, x, sums, r);
  }
#endif
}

//- end
#endif
