// How an exported header keeps its numbers: the sections that all of its kernels need. Like the other files
// here it is C99 that is also C++17; "//- section NAME: NEEDED..." begins what the exporter takes or leaves
// as a whole, and of whose names it replaces the tinynn_.
#ifndef TINYNN_KERNELS_NUMBERS_H
#define TINYNN_KERNELS_NUMBERS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

//- section numbers
// Sizes, formats and activations are constant where kernels are called: inlined, each call is a loop of its
// own.
#ifdef __GNUC__
#define tinynn_inline static inline __attribute__((always_inline))
#else
#define tinynn_inline static inline
#endif

enum { tinynn_float32, tinynn_int8, tinynn_uint8, tinynn_uint16, tinynn_int32 };

// Numbers in memory: floats, or whole numbers that stand for scale times as much.
typedef struct {
  int format;
  float scale;
  void* data;
} tinynn_numbers;

// A number as it is stored, in two types, one of which is used.
typedef struct {
  float real;
  int32_t whole;
} tinynn_number;

tinynn_inline int32_t tinynn_whole(int format, const void* x, ptrdiff_t i) {
  return format == tinynn_int8     ? ((const int8_t*)x)[i]
         : format == tinynn_uint8  ? ((const uint8_t*)x)[i]
         : format == tinynn_uint16 ? ((const uint16_t*)x)[i]
                                   : ((const int32_t*)x)[i];
}

tinynn_inline tinynn_number tinynn_read(int format, const void* x, ptrdiff_t i) {
  tinynn_number v = {0, 0};
  if (format == tinynn_float32) {
    v.real = ((const float*)x)[i];
  } else {
    v.whole = tinynn_whole(format, x, i);
    v.real = (float)v.whole;
  }
  return v;
}

tinynn_inline void tinynn_write(tinynn_numbers y, int i, tinynn_number v) {
  if (y.format == tinynn_float32) {
    ((float*)y.data)[i] = v.real;
  } else if (y.format == tinynn_int8) {
    ((int8_t*)y.data)[i] = (int8_t)v.whole;
  } else {
    ((uint8_t*)y.data)[i] = (uint8_t)v.whole;
  }
}

tinynn_inline float tinynn_load(tinynn_numbers x, int i) {
  const float v = tinynn_read(x.format, x.data, i).real;
  return x.format == tinynn_float32 ? v : v * x.scale;
}

// The nearest whole number to one of a few digits, by a sum that has no room for a fraction: vectors have no
// lrintf. Where sums may be longer than floats, they have.
tinynn_inline int32_t tinynn_nearest(float v) {
#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ == 0
  return (int32_t)(v + 12582912.0F) - 12582912;
#else
  return (int32_t)lrintf(v);
#endif
}

// The nearest number that there is.
tinynn_inline void tinynn_store(tinynn_numbers y, int i, float v) {
  tinynn_number stored = {v, 0};
  if (y.format != tinynn_float32) {
    const float low = y.format == tinynn_int8 ? -127 : 0, high = y.format == tinynn_int8 ? 127 : 255;
    v /= y.scale;
    stored.whole = tinynn_nearest(v > low ? (v < high ? v : high) : low);
  }
  tinynn_write(y, i, stored);
}

//- section from: numbers
// x from its first number on.
tinynn_inline tinynn_numbers tinynn_from(tinynn_numbers x, int first) {
  x.data = (uint8_t*)x.data + first * (x.format == tinynn_float32 ? 4 : 1);
  return x;
}

//- end
#endif
