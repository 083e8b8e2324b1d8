// Winograd's convolution with kernels of 3x3, four by four results at a time ("Fast algorithms for
// convolutional neural networks", Lavin & Gray 2016): a tile of 6x6 inputs, a kernel and a tile of results
// are each the image of a transform in which the convolution is 36 products of numbers rather than 144. The
// transform's points are 0, 1, -1, 1/2 and -2: of those tried, the ones with the smallest rounding errors. A
// vector holds one number of as many channels.
#pragma once

#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

// f(from, to) once for each column of a square of vectors, then for each row of what that made: `from` is the
// first vector of a line and what the next ones lie apart.
template <int in, int out, class F>
inline void in_both_directions(const Vector (&x)[in][in], Vector (&y)[out][out], const F& f) {
  Vector between[out][in];
#pragma GCC unroll 6
  for (int j = 0; j < in; ++j) {
    Vector line[in], made[out];
#pragma GCC unroll 6
    for (int i = 0; i < in; ++i) line[i] = x[i][j];
    f(line, made);
#pragma GCC unroll 6
    for (int i = 0; i < out; ++i) between[i][j] = made[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < out; ++i) f(between[i], y[i]);
}

// The gradients go the same ways back: with the matrices of weights and results transposed.

void winograd_gradient(int64_t channels, const float* grad_y, const int64_t* places, float* g,
                       int64_t plane) {
  for (int64_t c = 0; c < channels; c += lanes) {
    Vector d[4][4], made[6][6];
    for (int i = 0; i < 16; ++i) d[i / 4][i % 4] = load(grad_y + places[i] + c);
    in_both_directions(d, made, [](const Vector* from, Vector* to) {
      const Vector even = from[0] + from[2], odd = from[1] + from[3];
      to[0] = from[0];
      to[1] = even + odd;
      to[2] = even - odd;
      to[3] = from[0] + from[1] * 0.5F + from[2] * 0.25F + from[3] * 0.125F;
      to[4] = from[0] - from[1] * 2 + from[2] * 4 - from[3] * 8;
      to[5] = from[3];
    });
    for (int i = 0; i < 36; ++i) store(g + i * plane + c, made[i / 6][i % 6]);
  }
}

void winograd_grad_weight(int64_t channels, const float* u, int64_t plane, float* grad, int64_t pitch) {
  for (int64_t c = 0; c < channels; c += lanes) {
    Vector sums[6][6], made[3][3];
    for (int i = 0; i < 36; ++i) sums[i / 6][i % 6] = load(u + i * plane + c);
    in_both_directions(sums, made, [](const Vector* from, Vector* to) {
      const Vector difference = (from[1] - from[2]) / 3;
      to[0] = from[0] + difference + (from[4] - from[3] * 16) / 15;
      to[1] = (from[1] + from[2]) / 3 - (from[3] * 8 + from[4] * 2) / 15;
      to[2] = difference + (from[4] - from[3]) * 4 / 15 + from[5];
    });
    for (int i = 0; i < 9; ++i) store(grad + i * pitch + c, made[i / 3][i % 3]);
  }
}

void winograd_weights(int64_t channels, const float* weight, int64_t pitch, float* u, int64_t plane) {
  for (int64_t c = 0; c < channels; c += lanes) {
    Vector g[3][3], made[6][6];
    for (int i = 0; i < 9; ++i) g[i / 3][i % 3] = load(weight + i * pitch + c);
    in_both_directions(g, made, [](const Vector* from, Vector* to) {
      const Vector ends = from[0] + from[2];
      to[0] = from[0];
      to[1] = (ends + from[1]) / 3;
      to[2] = (from[1] - ends) / 3;
      to[3] = (from[0] * 4 + from[1] * 2 + from[2]) * -4 / 15;
      to[4] = (from[0] - from[1] * 2 + from[2] * 4) / 15;
      to[5] = from[2];
    });
    for (int i = 0; i < 36; ++i) store(u + i * plane + c, made[i / 6][i % 6]);
  }
}

void winograd_input(int64_t channels, const float* x, const int64_t* places, float* v, int64_t plane) {
  for (int64_t c = 0; c < channels; c += lanes) {
    Vector d[6][6], made[6][6];
    for (int i = 0; i < 36; ++i) d[i / 6][i % 6] = load(x + places[i] + c);
    in_both_directions(d, made, [](const Vector* from, Vector* to) {
      const Vector a = from[3] - from[1], b = from[4] - from[2];
      to[0] = from[0] - from[2] + b + a * 1.5F;
      to[1] = a + b + (from[2] + from[3]) * 1.5F;
      to[2] = b - a + (from[3] - from[2]) * 1.5F;
      to[3] = b + a * 2;
      to[4] = b - a * 0.5F;
      to[5] = from[5] - from[3] - a + b * 1.5F;
    });
    for (int i = 0; i < 36; ++i) store(v + i * plane + c, made[i / 6][i % 6]);
  }
}

void winograd_output(int64_t channels, const float* m, int64_t plane, const float* bias, float* y,
                     int64_t pitch, int64_t rows, int64_t columns, int64_t pixel) {
  for (int64_t c = 0; c < channels; c += lanes) {
    Vector products[6][6], made[4][4];
    for (int i = 0; i < 36; ++i) products[i / 6][i % 6] = load(m + i * plane + c);
    in_both_directions(products, made, [](const Vector* from, Vector* to) {
      const Vector sum = from[1] + from[2], difference = from[1] - from[2];
      to[0] = from[0] + sum + from[3] + from[4];
      to[1] = difference + from[3] * 0.5F - from[4] * 2;
      to[2] = sum + from[3] * 0.25F + from[4] * 4;
      to[3] = difference + from[3] * 0.125F - from[4] * 8 + from[5];
    });
    const Vector shift = load(bias + c);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) store(y + i * pitch + j * pixel + c, made[i][j] + shift);
    }
  }
}

constexpr int most_rows = registers == 32 ? 8 : 6;  // beside 2 vectors of u

template <int R, int V>
[[gnu::noinline]] void product_tile(const WinogradProduct& p, const float* v, const float* u, float* m) {
  const int64_t terms = p.terms, columns = p.columns, v_row = p.v_row, v_term = p.v_term;
  Vector sum[R][V];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int k = 0; k < V; ++k) sum[r][k] = p.accumulate ? load(m + r * columns + k * lanes) : Vector{};
  }
  for (int64_t t = 0; t < terms; ++t, v += v_term, u += columns) {
    Vector factor[V];
#pragma GCC unroll 8
    for (int k = 0; k < V; ++k) factor[k] = load(u + k * lanes);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const Vector w = broadcast(v[r * v_row]);
#pragma GCC unroll 8
      for (int k = 0; k < V; ++k) sum[r][k] += w * factor[k];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int k = 0; k < V; ++k) store(m + r * columns + k * lanes, sum[r][k]);
  }
}

void winograd_multiply(const WinogradProduct& p, const float* v, const float* u, float* m) {
  for_blocks<most_rows>(p.rows, [&](int64_t r, auto size) {
    int64_t o = 0;
    for (; o + 2 * lanes <= p.columns; o += 2 * lanes)
      product_tile<size.value, 2>(p, v + r * p.v_row, u + o, m + r * p.columns + o);
    if (o < p.columns) product_tile<size.value, 1>(p, v + r * p.v_row, u + o, m + r * p.columns + o);
  });
}

}  // namespace
}  // namespace tinynn::kernels::simd::TINYNN_ISA
