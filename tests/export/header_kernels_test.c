// Kernels of exported headers against naive loops, on random sizes: C99 and C++17, run by
// header_kernels_test.sh.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tinynn/export/kernels/conv2d_live.h>
#include <tinynn/export/kernels/linear.h>
#include <tinynn/export/kernels/winograd.h>
#include <tinynn/kernels/activation.h>
#include <tinynn/kernels/combine.h>
#include <tinynn/kernels/steps.h>

enum { most = 20000 };

static unsigned state = 1;
static int draw(int low, int high) {  // both included
  state = state * 1664525U + 1013904223U;
  return low + (int)((state >> 8) % (unsigned)(high - low + 1));
}

static void expect(const char* what, int i, double got, double want, double tolerance) {
  const double off = fabs(got - want);
  if (off <= tolerance * (fabs(want) > 1 ? fabs(want) : 1)) return;
  printf("FAILED: %s, number %d: %.9g, expected %.9g\n", what, i, got, want);
  exit(1);
}

// Numbers of some format, and what they are without scale and stand for.
typedef struct {
  float floats[most];
  int8_t int8[most];
  uint8_t uint8[most];
  int whole[most];
  double value[most];
  tinynn_numbers numbers;
} numbers;
static numbers a, b, y, weights;

static void fill(numbers* x, int format, int count) {
  x->numbers.format = format;
  x->numbers.scale = format == tinynn_float32 ? 1 : 0.25F;
  x->numbers.data = format == tinynn_float32 ? (void*)x->floats
                    : format == tinynn_int8  ? (void*)x->int8
                                             : (void*)x->uint8;
  for (int i = 0; i < count; ++i) {
    const int whole = format == tinynn_uint8 ? draw(0, 255) : draw(-127, 127);
    x->whole[i] = whole;
    x->value[i] = whole * (double)x->numbers.scale;
    x->floats[i] = (float)whole;
    x->int8[i] = (int8_t)whole;
    x->uint8[i] = (uint8_t)whole;
  }
}
static int a_format(void) { return draw(tinynn_float32, tinynn_uint8); }
static double stored(const numbers* x, int i) {  // scale and all
  return x->numbers.format == tinynn_float32 ? (double)x->floats[i]
         : x->numbers.format == tinynn_int8  ? x->int8[i] * (double)x->numbers.scale
                                             : x->uint8[i] * (double)x->numbers.scale;
}
// The nearest number of y's format.
static double rounded(const numbers* x, double v) {
  if (x->numbers.format == tinynn_float32) return v;
  const double scale = (double)x->numbers.scale, low = x->numbers.format == tinynn_int8 ? -127 : 0,
               high = x->numbers.format == tinynn_int8 ? 127 : 255;
  const double whole = nearbyint(v / scale);
  return scale * (whole < low ? low : whole > high ? high : whole);
}

// Weights in every form: rows of so many columns, some of which are zero.
static float live[most];
static int8_t live_bytes[most];
static uint8_t bits[most], gaps[most];
static uint16_t counts[most];
static float gap_values[most];
static int8_t gap_bytes[most];

static void store_weights(int rows, int columns) {
  int alive = 0, sparse = 0;
  memset(bits, 0, sizeof bits);
  for (int r = 0; r < rows; ++r) {
    int last = 0, count = 0;
    for (int c = 0; c < columns; ++c) {
      const int i = r * columns + c, w = weights.whole[i];
      if (w == 0) continue;
      bits[i / 8] = (uint8_t)(bits[i / 8] | 1 << i % 8);
      live[alive] = (float)w;
      live_bytes[alive++] = (int8_t)w;
      for (; c - last > 255; last += 255, ++count) {
        gaps[sparse] = 255, gap_values[sparse] = 0;
        gap_bytes[sparse++] = 0;
      }
      gaps[sparse] = (uint8_t)(c - last), gap_values[sparse] = (float)w;
      gap_bytes[sparse++] = (int8_t)w;
      last = c, ++count;
    }
    counts[r] = (uint16_t)count;
  }
}

static void draw_weights(int rows, int columns) {
  const int percent = draw(0, 2) == 0 ? 100 : draw(0, 40);
  fill(&weights, tinynn_int8, rows * columns);
  for (int i = 0; i < rows * columns; ++i) {
    if (draw(1, 100) > percent) weights.whole[i] = 0;
    weights.floats[i] = (float)weights.whole[i];
    weights.int8[i] = (int8_t)weights.whole[i];
  }
  store_weights(rows, columns);
}

static float float_bias[most], scales[most];
static int32_t whole_bias[most], multipliers[most];

// A result of a layer whose sums are known: all three kinds.
typedef struct {
  tinynn_result result;
  int kind, shift;
} outcome;
static outcome draw_outcome(int outputs, int count, int x_format) {
  outcome drawn = {{{0, 0, 0}, 0, 0, 0, 0, 0}, draw(0, x_format == tinynn_float32 ? 1 : 2), draw(12, 28)};
  fill(&y, drawn.kind == 0 ? (int)tinynn_float32 : drawn.kind == 1 ? a_format() : draw(1, 2), count);
  for (int o = 0; o < outputs; ++o) {
    scales[o] = (float)draw(1, 16) / 4096;
    multipliers[o] = draw(1, 4096);
  }
  drawn.result = drawn.kind == 0 ? tinynn_as_is(y.numbers, tinynn_relu)
                 : drawn.kind == 1
                     ? tinynn_rescale(y.numbers, tinynn_relu, scales)
                     : tinynn_requantize(y.numbers, multipliers, drawn.shift,
                                         y.numbers.format == tinynn_int8 && draw(0, 1) ? -127 : 0);
  return drawn;
}
// Sums are whole numbers below 2^24 here: exact in all orders.
static void expect_outcome(const char* what, outcome drawn, int i, int output, double sum) {
  if (drawn.kind == 2) {
    const double whole = floor(sum * multipliers[output] / ldexp(1, drawn.shift) + 0.5);
    const double high = y.numbers.format == tinynn_int8 ? 127 : 255, low = drawn.result.low;
    expect(what, i, y.numbers.format == tinynn_int8 ? y.int8[i] : y.uint8[i],
           whole < low    ? low
           : whole > high ? high
                          : whole,
           0);
  } else {
    const double v = drawn.kind == 1 ? sum * (double)scales[output] : sum;
    expect(what, i, stored(&y, i), rounded(&y, v < 0 ? 0 : v), 1e-6);
  }
}

static void test_linear(int x_format, int weight_format, int storage) {
  const int inputs = draw(1, 600), outputs = draw(1, 20);
  fill(&a, x_format, inputs);
  draw_weights(outputs, inputs);
  for (int o = 0; o < outputs; ++o) float_bias[o] = (float)(whole_bias[o] = draw(-500, 500));
  const void* bias = x_format == tinynn_float32 ? (const void*)float_bias : (const void*)whole_bias;
  const int floats = weight_format == tinynn_float32;
  const outcome drawn = draw_outcome(outputs, outputs, x_format);
  if (storage == 0) {
    tinynn_linear_dense(outputs, inputs, a.numbers, weight_format,
                        floats ? (const void*)weights.floats : (const void*)weights.int8, bias, drawn.result);
  } else if (storage == 1) {
    tinynn_linear_masked(outputs, inputs, a.numbers, weight_format,
                         floats ? (const void*)live : (const void*)live_bytes, bits, bias, drawn.result);
  } else {
    tinynn_linear_sparse(outputs, inputs, a.numbers, weight_format,
                         floats ? (const void*)gap_values : (const void*)gap_bytes, gaps, tinynn_uint16,
                         counts, bias, drawn.result);
  }
  for (int o = 0; o < outputs; ++o) {
    double sum = whole_bias[o];
    for (int i = 0; i < inputs; ++i) sum += (double)weights.whole[o * inputs + i] * a.whole[i];
    expect_outcome("linear", drawn, o, o, sum);
  }
}

static void test_conv2d(int x_format, int weight_format, int storage) {
  tinynn_conv s = {draw(1, 2), draw(1, 9), draw(1, 3), draw(3, 9), draw(3, 25),
                   0,          0,          draw(1, 3), draw(1, 3), draw(1, 2),
                   draw(1, 2), draw(0, 2), draw(0, 2), draw(1, 2), draw(1, 2)};
  const int h = s.h + s.top + draw(0, 2), w = s.w + s.left + draw(0, 2);  // padded on all sides
  const int rows = s.dilation_h * (s.kh - 1) + 1, columns = s.dilation_w * (s.kw - 1) + 1;
  if (h < rows || w < columns) return;
  s.oh = (h - rows) / s.stride_h + 1;
  s.ow = (w - columns) / s.stride_w + 1;
  const int outputs = s.groups * s.outputs, terms = s.channels * s.kh * s.kw, positions = s.oh * s.ow;
  fill(&a, x_format, s.groups * s.channels * s.h * s.w);
  draw_weights(outputs, terms);
  for (int o = 0; o < outputs; ++o) float_bias[o] = (float)(whole_bias[o] = draw(-500, 500));
  const int floats = weight_format == tinynn_float32, whole = x_format != tinynn_float32;
  const void* bias = whole ? (const void*)whole_bias : (const void*)float_bias;
  // As header_steps.cpp reserves it; sanitizers see what goes beyond.
  const int padded = s.groups * s.channels * ((s.oh - 1) * s.stride_h + rows) * s.stride_w *
                     ((s.ow + 7) / 8 * 8 + (columns - 1) / s.stride_w);
  const int size = padded + (storage > 0 ? 2 : whole ? 4 : 0) * terms;
  void* sums = malloc(4 * (size_t)(size > positions ? size : positions));
  const outcome drawn = draw_outcome(outputs, outputs * positions, x_format);
  if (storage == 0) {
    tinynn_conv2d_dense(s, a.numbers, weight_format,
                        floats ? (const void*)weights.floats : (const void*)weights.int8, bias, sums,
                        drawn.result);
  } else if (storage == 1) {
    tinynn_conv2d_masked(s, a.numbers, weight_format, floats ? (const void*)live : (const void*)live_bytes,
                         bits, bias, sums, drawn.result);
  } else {
    tinynn_conv2d_sparse(s, a.numbers, weight_format,
                         floats ? (const void*)gap_values : (const void*)gap_bytes, gaps, tinynn_uint16,
                         counts, bias, sums, drawn.result);
  }
  free(sums);
  for (int p = 0; p < outputs * positions; ++p) {
    const int o = p / positions, i = p / s.ow % s.oh, j = p % s.ow;
    double sum = whole_bias[o];
    for (int t = 0; t < terms; ++t) {
      const int channel = o / s.outputs * s.channels + t / (s.kh * s.kw);
      const int r = i * s.stride_h + t / s.kw % s.kh * s.dilation_h - s.top;
      const int c = j * s.stride_w + t % s.kw * s.dilation_w - s.left;
      if (r < 0 || r >= s.h || c < 0 || c >= s.w) continue;
      sum += (double)weights.whole[o * terms + t] * a.whole[(channel * s.h + r) * s.w + c];
    }
    expect_outcome("conv2d", drawn, p, o, sum);
  }
}

static void test_winograd(void) {
  tinynn_conv s = {1, draw(8, 17), draw(8, 17), draw(5, 12), draw(5, 12), 0, 0, 3,
                   3, 1,           1,           draw(0, 2),  draw(0, 2),  1, 1};
  s.oh = s.h + s.top + draw(0, 2) - 2;
  s.ow = s.w + s.left + draw(0, 2) - 2;
  const int positions = s.oh * s.ow, taps = 9;
  // As header_steps.cpp reserves it; sanitizers see what goes beyond.
  const int across = (s.ow + 1) / 2, down = (s.oh + 1) / 2, pitch = across <= 4 ? 4 : 8;
  const int blocks = (pitch * down + 15) / 16, padded = (2 * down + 2) * 18;
  float* memory = (float*)malloc(
      sizeof(float) * (size_t)(16 * (blocks * 16 * (s.channels + 1) + 8 * s.channels) + s.channels * padded));
  fill(&a, tinynn_float32, s.channels * s.h * s.w);
  fill(&weights, tinynn_float32, s.outputs * s.channels * taps);
  for (int o = 0; o < s.outputs; ++o) float_bias[o] = (float)draw(-500, 500);
  const outcome drawn = draw_outcome(s.outputs, s.outputs * positions, tinynn_float32);
  tinynn_conv2d_winograd(s, a.numbers, tinynn_float32, weights.floats, float_bias, memory, drawn.result);
  free(memory);
  for (int p = 0; p < s.outputs * positions; ++p) {
    const int o = p / positions, i = p / s.ow % s.oh, j = p % s.ow;
    double sum = (double)float_bias[o];
    for (int t = 0; t < taps * s.channels; ++t) {
      const int r = i + t / s.channels / 3 - s.top, c = j + t / s.channels % 3 - s.left,
                channel = t % s.channels;
      if (r < 0 || r >= s.h || c < 0 || c >= s.w) continue;
      sum += (double)weights.floats[o * taps * s.channels + t] * a.value[(channel * s.h + r) * s.w + c];
    }
    expect_outcome("winograd", drawn, p, o, sum);
  }
}

static double larger_of(double u, double v) { return u > v ? u : v; }

static void test_elements(void) {
  float (*const combining[])(float, float) = {tinynn_plus, tinynn_minus,  tinynn_times,
                                              tinynn_over, tinynn_larger, tinynn_smaller};
  const int channels = draw(1, 5), each = draw(1, 40), count = channels * each;
  fill(&a, a_format(), count), fill(&b, a_format(), count), fill(&y, a_format(), count);
  for (int c = 0; c < channels; ++c) scales[c] = (float)draw(-8, 8) / 4, float_bias[c] = (float)draw(-9, 9);
  for (int kind = 0; kind < 10; ++kind) {
    if (kind < 6) tinynn_combine(count, a.numbers, b.numbers, y.numbers, combining[kind], tinynn_relu);
    if (kind == 6) tinynn_map(count, a.numbers, y.numbers, tinynn_relu);
    if (kind == 7) tinynn_scale_shift(channels, each, a.numbers, scales, float_bias, y.numbers, tinynn_relu);
    if (kind == 8) tinynn_scale_channels(channels, each, a.numbers, b.numbers, y.numbers, tinynn_relu);
    if (kind == 9) tinynn_prelu(channels, each, a.numbers, scales, y.numbers, tinynn_identity);
    for (int i = 0; i < count; ++i) {
      const int c = i / each;
      const double u = a.value[i], v = b.value[i], scale = (double)scales[c], shift = (double)float_bias[c];
      if (kind == 3 && v == 0) continue;  // divided by zero
      const double quotient = v == 0 ? 0 : (double)((float)u / (float)v);
      const double of[] = {u + v,
                           u - v,
                           u * v,
                           quotient,
                           larger_of(u, v),
                           -larger_of(-u, -v),
                           u,
                           u * scale + shift,
                           u * b.value[c],
                           u > 0 ? u : u * scale};
      expect("elements", i, stored(&y, i), rounded(&y, kind < 9 ? larger_of(of[kind], 0) : of[kind]), 1e-6);
    }
  }
}

static void test_pad(void) {
  const int planes = draw(1, 3), h = draw(1, 5), w = draw(1, 5), top = draw(0, 2), left = draw(0, 2);
  const int oh = h + top + draw(0, 2), ow = w + left + draw(0, 2);
  fill(&a, a_format(), planes * h * w), fill(&y, a_format(), planes * oh * ow);
  tinynn_pad(planes, h, w, top, left, oh, ow, 1.5F, a.numbers, y.numbers, tinynn_relu);
  for (int i = 0; i < planes * oh * ow; ++i) {
    const int r = i / ow % oh - top, c = i % ow - left;
    const double v = r < 0 || r >= h || c < 0 || c >= w ? 1.5 : a.value[i / (oh * ow) * h * w + r * w + c];
    expect("pad", i, stored(&y, i), rounded(&y, larger_of(v, 0)), 0);
  }
}

static void test_reductions(void) {
  const int outer = draw(1, 4), columns = draw(1, 12), inner = draw(1, 4), count = outer * columns * inner;
  fill(&a, a_format(), count), fill(&y, a_format(), count);
  for (int largest = 0; largest < 2; ++largest) {
    tinynn_reduce(outer, columns, inner, a.numbers, y.numbers, largest ? tinynn_larger : tinynn_plus,
                  tinynn_identity);
    for (int i = 0; i < outer * inner; ++i) {
      double sum = 0, largest_of = -1e9;
      for (int c = 0; c < columns; ++c) {
        const double v = a.value[(i / inner * columns + c) * inner + i % inner];
        sum += v, largest_of = larger_of(largest_of, v);
      }
      expect("reduce", i, stored(&y, i), rounded(&y, largest ? largest_of : sum), 0);
    }
  }
  const int rows = outer * inner;
  fill(&y, tinynn_float32, count);
  tinynn_normalize(rows, columns, 0.5F, a.numbers, y.numbers, tinynn_identity);
  for (int i = 0; i < count; ++i) {
    const double* row = a.value + i / columns * columns;
    double mean = 0, variance = 0;
    for (int c = 0; c < columns; ++c) mean += row[c] / columns;
    for (int c = 0; c < columns; ++c) variance += (row[c] - mean) * (row[c] - mean) / columns;
    expect("normalize", i, stored(&y, i), (a.value[i] - mean) / sqrt(variance + 0.5), 2e-5);
  }
}

static void test_copies(void) {
  const int count = draw(1, 50), first = draw(0, 20), relu = draw(0, 1), format = a_format();
  uint16_t from[50];
  fill(&a, format, 80), fill(&y, format, 50);
  tinynn_copy(count, tinynn_from(a.numbers, first), y.numbers, relu);
  for (int i = 0; i < count; ++i)
    expect("copy", i, stored(&y, i), relu && a.value[first + i] < 0 ? 0 : a.value[first + i], 0);
  for (int i = 0; i < count; ++i) from[i] = (uint16_t)draw(0, 79);
  tinynn_gather(count, a.numbers, tinynn_uint16, from, y.numbers, relu);
  for (int i = 0; i < count; ++i)
    expect("gather", i, stored(&y, i), relu && a.value[from[i]] < 0 ? 0 : a.value[from[i]], 0);
}

static void test_pools(void) {
  for (int average = 0; average < 2; ++average) {
    const int kh = average ? draw(0, 3) : draw(1, 3), kw = kh == 0 ? 0 : draw(1, 3);
    tinynn_pool s = {draw(1, 3), draw(5, 10), draw(5, 10), draw(1, 3), draw(1, 3), kh, kw,
                     draw(1, 3), draw(1, 3),  kh / 2,      kw / 2,     1,          1};
    if (!average) s.dilation_h = draw(1, 2), s.dilation_w = draw(1, 2);
    if (kh > 0) {
      s.oh = (s.h + s.top + draw(0, kh / 2) - s.dilation_h * (kh - 1) - 1) / s.stride_h + 1;
      s.ow = (s.w + s.left + draw(0, kw / 2) - s.dilation_w * (kw - 1) - 1) / s.stride_w + 1;
    }
    const int count = s.planes * s.oh * s.ow, relu = draw(0, 1);
    const int divisor = kh > 0 && draw(0, 1) ? kh * kw : 0;
    fill(&a, a_format(), s.planes * s.h * s.w);
    fill(&y, average ? a_format() : a.numbers.format, count);
    if (average) {
      tinynn_avg_pool2d(s, a.numbers, y.numbers, divisor, tinynn_identity);
    } else {
      tinynn_max_pool2d(s, a.numbers, y.numbers, relu);
    }
    for (int p = 0; p < count; ++p) {
      const int plane = p / (s.oh * s.ow), i = p / s.ow % s.oh, j = p % s.ow;
      double sum = 0, largest = -1e9;
      int seen = 0;
      for (int r = 0; r < s.h; ++r) {
        for (int c = 0; c < s.w; ++c) {
          const int down = r - i * s.stride_h + s.top, right = c - j * s.stride_w + s.left;
          const int inside = kh > 0 ? down >= 0 && down % s.dilation_h == 0 && down / s.dilation_h < kh &&
                                          right >= 0 && right % s.dilation_w == 0 && right / s.dilation_w < kw
                                    : r >= i * s.h / s.oh && r * s.oh < (i + 1) * s.h &&
                                          c >= j * s.w / s.ow && c * s.ow < (j + 1) * s.w;
          const double v = a.value[(plane * s.h + r) * s.w + c];
          if (!inside) continue;
          sum += v, ++seen;
          largest = v > largest ? v : largest;
        }
      }
      if (average) {
        const double mean = (double)((float)sum / (float)(divisor ? divisor : seen));
        expect("avg_pool2d", p, stored(&y, p), rounded(&y, mean), 1e-6);
      } else {
        expect("max_pool2d", p, stored(&y, p), relu && largest < 0 ? 0 : largest, 0);
      }
    }
  }
}

static void test_softmax(void) {
  const int outer = draw(1, 4), columns = draw(1, 12), inner = draw(1, 4);
  fill(&a, tinynn_float32, outer * columns * inner), fill(&y, tinynn_float32, outer * columns * inner);
  for (int i = 0; i < outer * columns * inner; ++i) a.floats[i] /= 32;
  for (int logarithm = 0; logarithm < 2; ++logarithm) {
    if (logarithm) {
      tinynn_log_softmax(outer, columns, inner, a.numbers, y.numbers);
    } else {
      tinynn_softmax(outer, columns, inner, a.numbers, y.numbers);
    }
    for (int i = 0; i < outer * columns * inner; ++i) {
      double sum = 0;
      for (int c = 0; c < columns; ++c)
        sum += exp((double)a.floats[i / (columns * inner) * columns * inner + c * inner + i % inner]);
      const double share = exp((double)a.floats[i]) / sum;
      expect("softmax", i, stored(&y, i), logarithm ? log(share) : share, 1e-5);
    }
  }
}

static void test_activations(void) {
  for (int i = -600; i <= 600; ++i) {
    const float x = (float)i / 64;
    const double v = (double)x, root = sqrt(2 / acos(-1.0));
    expect("identity", i, (double)tinynn_identity(x), v, 0);
    expect("relu", i, (double)tinynn_relu(x), v < 0 ? 0 : v, 0);
    expect("leaky_relu", i, (double)tinynn_leaky_relu(x, 0.25F), v < 0 ? v / 4 : v, 0);
    expect("sigmoid", i, (double)tinynn_sigmoid(x), 1 / (1 + exp(-v)), 1e-6);
    expect("tanh", i, (double)tinynn_tanh(x), tanh(v), 1e-6);
    expect("silu", i, (double)tinynn_silu(x), v / (1 + exp(-v)), 1e-6);
    expect("gelu", i, (double)tinynn_gelu(x), v * erfc(-v / sqrt(2)) / 2, 1e-6);
    expect("abs", i, (double)tinynn_abs(x), fabs(v), 0);
    expect("exp", i, (double)tinynn_exp(x) / exp(v), 1, 1e-6);
    expect("square", i, (double)tinynn_pow(x, 2), v * v, 1e-6);
    if (v > 0) {
      expect("sqrt", i, (double)tinynn_sqrt(x), sqrt(v), 1e-6);
      expect("log", i, (double)tinynn_log(x), log(v), 1e-6);
      expect("pow", i, (double)tinynn_pow(x, -0.5F), 1 / sqrt(v), 1e-6);
      expect("scalar_div", i, (double)tinynn_scalar_div(x, 3), 3 / v, 1e-6);
    }
    expect("gelu_tanh", i, (double)tinynn_gelu_tanh(x), v / 2 * (1 + tanh(root * (v + 0.044715 * v * v * v))),
           1e-6);
  }
}

int main(void) {
  test_activations();
  for (int round = 0; round < 100; ++round) {
    for (int storage = 0; storage < 3; ++storage) {
      test_linear(tinynn_float32, tinynn_float32, storage),
          test_conv2d(tinynn_float32, tinynn_float32, storage);
      test_linear(a_format(), tinynn_int8, storage), test_conv2d(a_format(), tinynn_int8, storage);
    }
    test_winograd();
    test_elements(), test_pad(), test_reductions(), test_copies(), test_pools(), test_softmax();
  }
  return 0;
}
