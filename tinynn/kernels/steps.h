// What a network computes between its layers, in exported headers and in programs of eight bits.
#ifndef TINYNN_KERNELS_STEPS_H
#define TINYNN_KERNELS_STEPS_H

#include <tinynn/kernels/numbers.h>

//- section map: numbers
// y[i] = f(x[i])
tinynn_inline void tinynn_map(int count, tinynn_numbers x, tinynn_numbers y, float (*f)(float)) {
  for (int i = 0; i < count; ++i) tinynn_store(y, i, f(tinynn_load(x, i)));
}

//- section combine: numbers
// y[i] = f(g(a[i], b[i]))
tinynn_inline void tinynn_combine(int count, tinynn_numbers a, tinynn_numbers b, tinynn_numbers y,
                                  float (*g)(float, float), float (*f)(float)) {
  for (int i = 0; i < count; ++i) tinynn_store(y, i, f(g(tinynn_load(a, i), tinynn_load(b, i))));
}

//- section scale_shift: numbers
// By channel.
tinynn_inline void tinynn_scale_shift(int channels, int each, tinynn_numbers x, const float* scale,
                                      const float* shift, tinynn_numbers y, float (*f)(float)) {
  for (int c = 0; c < channels; ++c) {
    for (int i = c * each; i < (c + 1) * each; ++i) {
      tinynn_store(y, i, f(tinynn_load(x, i) * scale[c] + shift[c]));
    }
  }
}

//- section scale_channels: numbers
tinynn_inline void tinynn_scale_channels(int channels, int each, tinynn_numbers x, tinynn_numbers scale,
                                         tinynn_numbers y, float (*f)(float)) {
  for (int c = 0; c < channels; ++c) {
    for (int i = c * each; i < (c + 1) * each; ++i) {
      tinynn_store(y, i, f(tinynn_load(x, i) * tinynn_load(scale, c)));
    }
  }
}

//- section prelu: numbers
// With a slope for each channel.
tinynn_inline void tinynn_prelu(int channels, int each, tinynn_numbers x, const float* slopes,
                                tinynn_numbers y, float (*f)(float)) {
  for (int i = 0; i < channels * each; ++i) {
    const float v = tinynn_load(x, i);
    tinynn_store(y, i, f(v > 0 ? v : slopes[i / each] * v));
  }
}

//- section pad: numbers
// The planes of an image, of h x w pixels, in the middle of `value`.
tinynn_inline void tinynn_pad(int planes, int h, int w, int top, int left, int oh, int ow, float value,
                              tinynn_numbers x, tinynn_numbers y, float (*f)(float)) {
  for (int i = 0; i < planes * oh * ow; ++i) {
    const int r = i / ow % oh - top, c = i % ow - left, inside = r >= 0 && r < h && c >= 0 && c < w;
    tinynn_store(y, i, f(inside ? tinynn_load(x, (i / (oh * ow) * h + r) * w + c) : value));
  }
}

//- section stored: numbers
// Numbers that stay as they are stored, but for relu.
tinynn_inline tinynn_number tinynn_relu_of_stored(int relu, tinynn_number v) {
  if (relu && v.real < 0) v.real = 0;
  if (relu && v.whole < 0) v.whole = 0;
  return v;
}

//- section copy: stored
tinynn_inline void tinynn_copy(int count, tinynn_numbers x, tinynn_numbers y, int relu) {
  for (int i = 0; i < count; ++i) {
    tinynn_write(y, i, tinynn_relu_of_stored(relu, tinynn_read(x.format, x.data, i)));
  }
}

//- section gather: stored
// y[i] = x[from[i]]
tinynn_inline void tinynn_gather(int count, tinynn_numbers x, int from_format, const void* from,
                                 tinynn_numbers y, int relu) {
  for (int i = 0; i < count; ++i) {
    const int j = tinynn_whole(from_format, from, i);
    tinynn_write(y, i, tinynn_relu_of_stored(relu, tinynn_read(x.format, x.data, j)));
  }
}

//- section pool
// Kernel 0: adaptive.
typedef struct {
  int planes, h, w, oh, ow, kh, kw, stride_h, stride_w, top, left, dilation_h, dilation_w;
} tinynn_pool;

typedef struct {
  int begin, end, step;
} tinynn_range;

// What window i of so many sees of a line of so many pixels.
tinynn_inline tinynn_range tinynn_window(int kernel, int stride, int padding, int dilation, int i, int size,
                                         int outputs) {
  const int begin = kernel == 0 ? i * size / outputs : i * stride - padding;
  const int end =
      kernel == 0 ? ((i + 1) * size + outputs - 1) / outputs : begin + dilation * (kernel - 1) + 1;
  const int outside = begin < 0 ? (-begin + dilation - 1) / dilation * dilation : 0;
  const tinynn_range range = {begin + outside, end < size ? end : size, dilation};
  return range;
}
tinynn_inline tinynn_range tinynn_rows(tinynn_pool s, int i) {
  return tinynn_window(s.kh, s.stride_h, s.top, s.dilation_h, i / s.ow % s.oh, s.h, s.oh);
}
tinynn_inline tinynn_range tinynn_columns(tinynn_pool s, int i) {
  return tinynn_window(s.kw, s.stride_w, s.left, s.dilation_w, i % s.ow, s.w, s.ow);
}

//- section max_pool2d: pool stored
tinynn_inline void tinynn_max_pool2d(tinynn_pool s, tinynn_numbers x, tinynn_numbers y, int relu) {
  for (int i = 0; i < s.planes * s.oh * s.ow; ++i) {
    const tinynn_range rows = tinynn_rows(s, i);
    const tinynn_range columns = tinynn_columns(s, i);
    const int plane = i / (s.oh * s.ow) * s.h * s.w;
    tinynn_number largest = tinynn_read(x.format, x.data, plane + rows.begin * s.w + columns.begin);
    for (int r = rows.begin; r < rows.end; r += rows.step) {
      for (int c = columns.begin; c < columns.end; c += columns.step) {
        const tinynn_number v = tinynn_read(x.format, x.data, plane + r * s.w + c);
        if (x.format == tinynn_float32 ? v.real > largest.real : v.whole > largest.whole) largest = v;
      }
    }
    tinynn_write(y, i, tinynn_relu_of_stored(relu, largest));
  }
}

//- section avg_pool2d: pool numbers
// Each sum is divided by `divisor`, or if that is 0 by the size of what the window sees of the image.
tinynn_inline void tinynn_avg_pool2d(tinynn_pool s, tinynn_numbers x, tinynn_numbers y, int divisor,
                                     float (*f)(float)) {
  for (int i = 0; i < s.planes * s.oh * s.ow; ++i) {
    const tinynn_range rows = tinynn_rows(s, i);
    const tinynn_range columns = tinynn_columns(s, i);
    const int plane = i / (s.oh * s.ow) * s.h * s.w;
    const int seen = (rows.end - rows.begin) * (columns.end - columns.begin);
    float sum = 0;
    for (int r = rows.begin; r < rows.end; ++r) {
      for (int c = columns.begin; c < columns.end; ++c) sum += tinynn_load(x, plane + r * s.w + c);
    }
    tinynn_store(y, i, f(sum / (float)(divisor != 0 ? divisor : seen)));
  }
}

//- section reduce: numbers
// g of numbers `inner` apart.
tinynn_inline void tinynn_reduce(int outer, int columns, int inner, tinynn_numbers x, tinynn_numbers y,
                                 float (*g)(float, float), float (*f)(float)) {
  for (int r = 0; r < outer * inner; ++r) {
    const int begin = r / inner * columns * inner + r % inner;
    float made = tinynn_load(x, begin);
    for (int i = 1; i < columns; ++i) made = g(made, tinynn_load(x, begin + i * inner));
    tinynn_store(y, r, f(made));
  }
}

//- section normalize: numbers
// Each of so many rows to mean 0 and variance 1.
tinynn_inline void tinynn_normalize(int rows, int columns, float eps, tinynn_numbers x, tinynn_numbers y,
                                    float (*f)(float)) {
  for (int begin = 0; begin < rows * columns; begin += columns) {
    float sum = 0, squares = 0;
    for (int i = begin; i < begin + columns; ++i) sum += tinynn_load(x, i);
    const float mean = sum / (float)columns;
    for (int i = begin; i < begin + columns; ++i) {
      const float deviation = tinynn_load(x, i) - mean;
      squares += deviation * deviation;
    }
    const float scale = 1 / sqrtf(squares / (float)columns + eps);
    for (int i = begin; i < begin + columns; ++i) tinynn_store(y, i, f((tinynn_load(x, i) - mean) * scale));
  }
}

//- section run: numbers
// Of numbers `inner` apart: the largest, and the sum of exp(x - largest).
typedef struct {
  int begin, end;
  float largest, sum;
} tinynn_run;

tinynn_inline tinynn_run tinynn_run_of(int r, int columns, int inner, tinynn_numbers x) {
  tinynn_run run = {r / inner * columns * inner + r % inner, 0, 0, 0};
  run.end = run.begin + columns * inner;
  run.largest = tinynn_load(x, run.begin);
  for (int i = run.begin; i < run.end; i += inner) {
    run.largest = tinynn_load(x, i) > run.largest ? tinynn_load(x, i) : run.largest;
  }
  for (int i = run.begin; i < run.end; i += inner) run.sum += expf(tinynn_load(x, i) - run.largest);
  return run;
}

//- section softmax: run
tinynn_inline void tinynn_softmax(int outer, int columns, int inner, tinynn_numbers x, tinynn_numbers y) {
  for (int r = 0; r < outer * inner; ++r) {
    const tinynn_run run = tinynn_run_of(r, columns, inner, x);
    for (int i = run.begin; i < run.end; i += inner) {
      tinynn_store(y, i, expf(tinynn_load(x, i) - run.largest) / run.sum);
    }
  }
}

//- section log_softmax: run
tinynn_inline void tinynn_log_softmax(int outer, int columns, int inner, tinynn_numbers x, tinynn_numbers y) {
  for (int r = 0; r < outer * inner; ++r) {
    const tinynn_run run = tinynn_run_of(r, columns, inner, x);
    for (int i = run.begin; i < run.end; i += inner) {
      tinynn_store(y, i, tinynn_load(x, i) - run.largest - logf(run.sum));
    }
  }
}

//- end
#endif
