#include <algorithm>

#include <tinynn/core/error.hpp>
#include <tinynn/export/header_kernels.hpp>

namespace tinynn::deploy {
namespace {

struct Kernel {
  const char *name, *text;
};

// What comes first is used by what comes later.
constexpr Kernel kernels[] = {
    {"floats", R"(
inline float load(const float* x, int i) { return x[i]; }
inline void store(float* y, int i, float v) { y[i] = v; }
)"},
    {"pixels", R"(
inline float load(const std::uint8_t* x, int i) { return static_cast<float>(x[i]); }
)"},
    {"quantized", R"(
// Bytes that stand for numbers: data[i] times step.
template <class T>
struct Quantized {
  T* data;
  float step;
};
template <class T>
Quantized<T> place(std::uint8_t* memory, float step) { return {reinterpret_cast<T*>(memory), step}; }

template <class T>
float load(Quantized<T> x, int i) { return static_cast<float>(x.data[i]) * x.step; }
inline long nearest(float v, float low, float high) { return std::lrint(v > low ? (v < high ? v : high) : low); }
inline void store(Quantized<std::int8_t> y, int i, float v) {
  y.data[i] = static_cast<std::int8_t>(nearest(v / y.step, -127, 127));
}
inline void store(Quantized<std::uint8_t> y, int i, float v) {
  y.data[i] = static_cast<std::uint8_t>(nearest(v / y.step, 0, 255));
}
)"},
    {"relu", R"(
template <class T>
T relu(T v) { return v < 0 ? T(0) : v; }
)"},
    {"leaky_relu", R"(
inline float leaky_relu(float v, float slope) { return v > 0 ? v : slope * v; }
)"},
    {"sigmoid", R"(
inline float sigmoid(float v) { return 1 / (1 + std::exp(-v)); }
)"},
    {"silu", R"(
inline float silu(float v) { return v / (1 + std::exp(-v)); }
)"},
    {"gelu", R"(
inline float gelu(float v) { return v / 2 * std::erfc(-v * 0.70710678F); }
)"},
    {"gelu_tanh", R"(
inline float gelu_tanh(float v) { return v / 2 * (1 + std::tanh(0.79788456F * (v + 0.044715F * v * v * v))); }
)"},
    {"Dense", R"(
// Weights, row after row. Of what the next row holds, row(columns, f) calls f(column, weight), and
// dot(columns, x, sum) adds the products with x to the sum: of floats in sixteen sums, which fit into vectors, for C++
// keeps the order in which floats are added.
template <class W>
struct Dense {
  const W* values;
  template <class F>
  void row(int columns, F f) {
    for (int c = 0; c < columns; ++c) f(c, *values++);
  }
  template <class X>
  float dot(int columns, const X* x, float sum) {
    float sums[16] = {};
    for (; columns >= 16; columns -= 16, x += 16, values += 16) {
      for (int k = 0; k < 16; ++k) sums[k] += static_cast<float>(values[k]) * static_cast<float>(x[k]);
    }
    for (int c = 0; c < columns; ++c) sum += static_cast<float>(*values++) * static_cast<float>(x[c]);
    for (const float s : sums) sum += s;
    return sum;
  }
  template <class X>
  std::int32_t dot(int columns, const X* x, std::int32_t sum) {
    for (int c = 0; c < columns; ++c) sum += values[c] * x[c];
    values += columns;
    return sum;
  }
};
)"},
    {"Masked", R"(
// The same, where a bit for each weight says if it is there.
inline constexpr std::uint8_t places[] = {0, 1, 2, 4, 7, 3, 6, 5};
template <class W>
struct Masked {
  const std::uint8_t* bits;
  const W* values;
  int bit;
  template <class F>
  void row(int columns, F f) {
    const std::uint8_t* byte = bits + bit / 8;
    for (int c = -(bit % 8); c < columns; c += 8) {
      unsigned left = *byte++;
      if (c < 0) left &= 0xFFU << -c;
      if (columns - c < 8) left &= (1U << (columns - c)) - 1;
      // From one bit that is set to the next: what is not there takes no time. The lowest, times 0x17, has its place in
      // the upper three of eight bits.
      for (; left != 0; left &= left - 1) f(c + places[((left & (~left + 1)) * 0x17U >> 5) & 7U], *values++);
    }
    bit += columns;
  }
  template <class X, class Sum>
  Sum dot(int columns, const X* x, Sum sum) {
    row(columns, [&](int c, W w) { sum += static_cast<Sum>(w) * static_cast<Sum>(x[c]); });
    return sum;
  }
};
)"},
    {"Sparse", R"(
// Of the weights that are there: how many a row has, and how many columns each is behind the one before. In two sums,
// for one would wait for each product.
template <class W, class Count>
struct Sparse {
  const Count* counts;
  const std::uint8_t* gaps;
  const W* values;
  template <class F>
  void row(int, F f) {
    int c = 0;
    for (int left = *counts++; left > 0; --left) {
      c += *gaps++;
      f(c, *values++);
    }
  }
  template <class X, class Sum>
  Sum dot(int, const X* x, Sum sum) {
    Sum other = 0;
    int left = *counts++;
    for (; left > 1; left -= 2, gaps += 2, values += 2) {
      x += gaps[0];
      sum += static_cast<Sum>(values[0]) * static_cast<Sum>(*x);
      x += gaps[1];
      other += static_cast<Sum>(values[1]) * static_cast<Sum>(*x);
    }
    if (left == 1) sum += static_cast<Sum>(*values++) * static_cast<Sum>(x[*gaps++]);
    return sum + other;
  }
};
)"},
    {"Store", R"(
// What becomes of a sum: y[i] = f(sum).
template <class F>
struct Store {
  float* y;
  F f;
  void operator()(int i, int, float sum) const { y[i] = f(sum); }
};
template <class F>
Store<F> store_as(float* y, F f) { return {y, f}; }
)"},
    {"Rescale", R"(
// y[i] = f(sum * step), with a step for each output.
template <class Y, class F>
struct Rescale {
  Y y;
  const float* steps;
  F f;
  template <class Sum>
  void operator()(int i, int output, Sum sum) const {
    store(y, i, f(static_cast<float>(sum) * steps[output]));
  }
};
template <class Y, class F>
Rescale<Y, F> rescale_to(Y y, const float* steps, F f) { return {y, steps, f}; }
)"},
    {"Requantize", R"(
// y[i] = sum * multiplier / 2^shift, rounded, in whole numbers: the same on every machine.
template <class T>
struct Requantize {
  T* y;
  const std::int32_t* multipliers;
  int shift, low, high;
  void operator()(int i, int output, std::int32_t sum) const {
    const std::int64_t half = std::int64_t{1} << (shift - 1);
    const std::int64_t v = (std::int64_t{sum} * multipliers[output] + half) >> shift;
    y[i] = static_cast<T>(v < low ? low : v > high ? high : v);
  }
};
)"},
    {"linear", R"(
template <class X, class Weights, class Sum, class Result>
void linear(int outputs, int inputs, const X* x, Weights weights, const Sum* bias, Result result) {
  for (int o = 0; o < outputs; ++o) result(o, o, weights.dot(inputs, x, bias[o]));
}
)"},
    {"conv2d", R"(
// Outputs and channels are those of one group.
struct Conv {
  int groups, outputs, channels, h, w, oh, ow, kh, kw, stride, padding, dilation;
};
// The first i with offset + i stride >= edge.
inline int first(int edge, int offset, int stride) { return edge > offset ? (edge - offset + stride - 1) / stride : 0; }

// One weight after the other, over all pixels that it is multiplied with: what is pruned takes no time.
template <class X, class Weights, class Sum, class Result>
void conv2d(const Conv& s, const X* x, Weights weights, const Sum* bias, Sum* sums, Result result) {
  const int positions = s.oh * s.ow;
  for (int o = 0; o < s.groups * s.outputs; ++o) {
    const X* image = x + o / s.outputs * s.channels * s.h * s.w;
    for (int p = 0; p < positions; ++p) sums[p] = bias[o];
    weights.row(s.channels * s.kh * s.kw, [&](int term, auto weight) {
      const Sum w = static_cast<Sum>(weight);
      const X* plane = image + term / (s.kh * s.kw) * s.h * s.w;
      const int top = term / s.kw % s.kh * s.dilation - s.padding, left = term % s.kw * s.dilation - s.padding;
      const int bottom = first(s.h, top, s.stride), right = first(s.w, left, s.stride);
      const int j_begin = first(0, left, s.stride), j_end = right < s.ow ? right : s.ow;
      for (int i = first(0, top, s.stride); i < bottom && i < s.oh; ++i) {
        const X* row = plane + (top + i * s.stride) * s.w + left;
        Sum* to = sums + i * s.ow;
        for (int j = j_begin; j < j_end; ++j) to[j] += w * static_cast<Sum>(row[j * s.stride]);
      }
    });
    for (int p = 0; p < positions; ++p) result(o * positions + p, o, sums[p]);
  }
}
)"},
    {"normalize", R"(
// Pixels of 0 to 255 to what the network was trained on.
template <class X, class Y>
void normalize(int channels, int each, X x, const float* mean, const float* factor, Y y) {
  for (int c = 0; c < channels; ++c) {
    for (int i = c * each; i < (c + 1) * each; ++i) store(y, i, (load(x, i) - mean[c]) * factor[c]);
  }
}
)"},
    {"map", R"(
// y[i] = f(x[i])
template <class X, class Y, class F>
void map(int count, X x, Y y, F f) {
  for (int i = 0; i < count; ++i) store(y, i, f(load(x, i)));
}
)"},
    {"combine", R"(
// y[i] = f(a[i], b[i])
template <class A, class B, class Y, class F>
void combine(int count, A a, B b, Y y, F f) {
  for (int i = 0; i < count; ++i) store(y, i, f(load(a, i), load(b, i)));
}
)"},
    {"scale_shift", R"(
template <class X, class Y, class F>
void scale_shift(int channels, int each, X x, const float* scale, const float* shift, Y y, F f) {
  for (int c = 0; c < channels; ++c) {
    for (int i = c * each; i < (c + 1) * each; ++i) store(y, i, f(load(x, i) * scale[c] + shift[c]));
  }
}
)"},
    {"scale_channels", R"(
template <class X, class Scale, class Y, class F>
void scale_channels(int channels, int each, X x, Scale scale, Y y, F f) {
  for (int c = 0; c < channels; ++c) {
    for (int i = c * each; i < (c + 1) * each; ++i) store(y, i, f(load(x, i) * load(scale, c)));
  }
}
)"},
    {"gather", R"(
// y[i] = f(x[from[i]])
template <class T, class Index, class F>
void gather(int count, const T* x, const Index* from, T* y, F f) {
  for (int i = 0; i < count; ++i) y[i] = f(x[from[i]]);
}
)"},
    {"copy", R"(
template <class T, class F>
void copy(int count, const T* x, T* y, F f) {
  for (int i = 0; i < count; ++i) y[i] = f(x[i]);
}
)"},
    {"pool", R"(
// Kernel 0: adaptive.
struct Pool {
  int planes, h, w, oh, ow, kernel, stride, padding;
};
struct Range {
  int begin, end;
};
inline Range window(const Pool& s, int i, int size, int outputs) {
  if (s.kernel == 0) return {i * size / outputs, ((i + 1) * size + outputs - 1) / outputs};
  const int begin = i * s.stride - s.padding, end = begin + s.kernel;
  return {begin > 0 ? begin : 0, end < size ? end : size};
}
// Calls f(output, plane, rows, columns) for every window.
template <class F>
void for_windows(const Pool& s, F f) {
  for (int i = 0; i < s.planes * s.oh * s.ow; ++i) {
    f(i, i / (s.oh * s.ow) * s.h * s.w, window(s, i / s.ow % s.oh, s.h, s.oh), window(s, i % s.ow, s.w, s.ow));
  }
}
)"},
    {"max_pool2d", R"(
template <class T, class F>
void max_pool2d(const Pool& s, const T* x, T* y, F f) {
  for_windows(s, [&](int i, int plane, Range rows, Range columns) {
    T largest = x[plane + rows.begin * s.w + columns.begin];
    for (int r = rows.begin; r < rows.end; ++r) {
      for (int c = columns.begin; c < columns.end; ++c) {
        const T v = x[plane + r * s.w + c];
        if (v > largest) largest = v;
      }
    }
    y[i] = f(largest);
  });
}
)"},
    {"avg_pool2d", R"(
// Each sum is divided by `divisor`, or if that is 0 by the size of what the window sees of the image.
template <class X, class Y, class F>
void avg_pool2d(const Pool& s, X x, Y y, int divisor, F f) {
  for_windows(s, [&](int i, int plane, Range rows, Range columns) {
    float sum = 0;
    for (int r = rows.begin; r < rows.end; ++r) {
      for (int c = columns.begin; c < columns.end; ++c) sum += load(x, plane + r * s.w + c);
    }
    const int seen = (rows.end - rows.begin) * (columns.end - columns.begin);
    store(y, i, f(sum / static_cast<float>(divisor != 0 ? divisor : seen)));
  });
}
)"},
    {"softmax", R"(
// Calls f(first, last, largest, sum of exp(x - largest)) for every run of `columns` numbers, `inner` apart.
template <class X, class F>
void for_runs(int outer, int columns, int inner, X x, F f) {
  for (int r = 0; r < outer * inner; ++r) {
    const int begin = r / inner * columns * inner + r % inner, end = begin + columns * inner;
    float largest = load(x, begin), sum = 0;
    for (int i = begin; i < end; i += inner) largest = load(x, i) > largest ? load(x, i) : largest;
    for (int i = begin; i < end; i += inner) sum += std::exp(load(x, i) - largest);
    f(begin, end, largest, sum);
  }
}
template <class X, class Y>
void softmax(int outer, int columns, int inner, X x, Y y) {
  for_runs(outer, columns, inner, x, [&](int begin, int end, float largest, float sum) {
    for (int i = begin; i < end; i += inner) store(y, i, std::exp(load(x, i) - largest) / sum);
  });
}
template <class X, class Y>
void log_softmax(int outer, int columns, int inner, X x, Y y) {
  for_runs(outer, columns, inner, x, [&](int begin, int end, float largest, float sum) {
    for (int i = begin; i < end; i += inner) store(y, i, load(x, i) - largest - std::log(sum));
  });
}
)"},
};

}  // namespace

std::string kernels_text(const std::set<std::string>& names) {
  std::string text;
  size_t found = 0;
  for (const auto& [name, lines] : kernels) {
    if (!names.contains(name)) continue;
    text += lines;
    ++found;
  }
  check(found == names.size(), "header: a kernel is missing");
  return text;
}

}  // namespace tinynn::deploy
