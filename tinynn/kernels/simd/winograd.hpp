// Winograd's convolution with kernels of 3x3, four by four results at a time ("Fast algorithms for
// convolutional neural networks", Lavin & Gray 2016): a tile of 6x6 inputs, a kernel and a tile of results
// are each the image of a transform in which the convolution is 36 products of numbers rather than 144. The
// transform's points are 0, 1, -1, 1/2 and -2: of those tried, the ones with the smallest rounding errors. A
// vector holds one number of as many channels.
#pragma once

#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

// A square of in x in vectors, load(i, j), to one of out x out, which store(i, j, vector) takes: f(from, to)
// once for each column, then for each row of what that made. Nothing but that stays in memory in between.
template <int in, int out, class Load, class Store, class F>
inline void in_both_directions(const Load& load_at, const Store& store_at, const F& f) {
  Vector between[out][in];
#pragma GCC unroll 6
  for (int j = 0; j < in; ++j) {
    Vector line[in], made[out];
#pragma GCC unroll 6
    for (int i = 0; i < in; ++i) line[i] = load_at(i, j);
    f(line, made);
#pragma GCC unroll 6
    for (int i = 0; i < out; ++i) between[i][j] = made[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < out; ++i) {
    Vector made[out];
    f(between[i], made);
#pragma GCC unroll 6
    for (int j = 0; j < out; ++j) store_at(i, j, made[j]);
  }
}

// The gradients go the same ways back: with the matrices of weights and results transposed.

void winograd_gradient(int64_t channels, const float* grad_y, const int64_t* places, float* g,
                       int64_t plane) {
  for (int64_t c = 0; c < channels; c += lanes) {
    const auto at = [=](int i, int j) { return load(grad_y + places[4 * i + j] + c); };
    const auto put = [=](int i, int j, Vector made) { store(g + (6 * i + j) * plane + c, made); };
    in_both_directions<4, 6>(at, put, [](const Vector* from, Vector* to) {
      const Vector even = from[0] + from[2], odd = from[1] + from[3];
      to[0] = from[0];
      to[1] = even + odd;
      to[2] = even - odd;
      to[3] = from[0] + from[1] * 0.5F + from[2] * 0.25F + from[3] * 0.125F;
      to[4] = from[0] - from[1] * 2 + from[2] * 4 - from[3] * 8;
      to[5] = from[3];
    });
  }
}

void winograd_grad_weight(int64_t channels, const float* u, int64_t plane, float* grad, int64_t pitch) {
  for (int64_t c = 0; c < channels; c += lanes) {
    const auto at = [=](int i, int j) { return load(u + (6 * i + j) * plane + c); };
    const auto put = [=](int i, int j, Vector made) { store(grad + (3 * i + j) * pitch + c, made); };
    in_both_directions<6, 3>(at, put, [](const Vector* from, Vector* to) {
      const Vector difference = (from[1] - from[2]) / 3;
      to[0] = from[0] + difference + (from[4] - from[3] * 16) / 15;
      to[1] = (from[1] + from[2]) / 3 - (from[3] * 8 + from[4] * 2) / 15;
      to[2] = difference + (from[4] - from[3]) * 4 / 15 + from[5];
    });
  }
}

void winograd_weights(int64_t channels, const float* weight, int64_t pitch, float* u, int64_t plane) {
  for (int64_t c = 0; c < channels; c += lanes) {
    const auto at = [=](int i, int j) { return load(weight + (3 * i + j) * pitch + c); };
    const auto put = [=](int i, int j, Vector made) { store(u + (6 * i + j) * plane + c, made); };
    in_both_directions<3, 6>(at, put, [](const Vector* from, Vector* to) {
      const Vector ends = from[0] + from[2];
      to[0] = from[0];
      to[1] = (ends + from[1]) / 3;
      to[2] = (from[1] - ends) / 3;
      to[3] = (from[0] * 4 + from[1] * 2 + from[2]) * -4 / 15;
      to[4] = (from[0] - from[1] * 2 + from[2] * 4) / 15;
      to[5] = from[2];
    });
  }
}

void winograd_input(int64_t channels, const float* x, const int64_t* places, float* v, int64_t plane) {
  for (int64_t c = 0; c < channels; c += lanes) {
    const auto at = [=](int i, int j) { return load(x + places[6 * i + j] + c); };
    const auto put = [=](int i, int j, Vector made) { store(v + (6 * i + j) * plane + c, made); };
    in_both_directions<6, 6>(at, put, [](const Vector* from, Vector* to) {
      const Vector a = from[3] - from[1], b = from[4] - from[2];
      to[0] = from[0] - from[2] + b + a * 1.5F;
      to[1] = a + b + (from[2] + from[3]) * 1.5F;
      to[2] = b - a + (from[3] - from[2]) * 1.5F;
      to[3] = b + a * 2;
      to[4] = b - a * 0.5F;
      to[5] = from[5] - from[3] - a + b * 1.5F;
    });
  }
}

void winograd_output(int64_t channels, const float* m, int64_t plane, const float* bias, float* y,
                     int64_t pitch, int64_t rows, int64_t columns, int64_t pixel) {
  for (int64_t c = 0; c < channels; c += lanes) {
    const auto at = [=](int i, int j) { return load(m + (6 * i + j) * plane + c); };
    const auto put = [=, shift = load(bias + c)](int i, int j, Vector made) {
      if (i < rows && j < columns) store(y + i * pitch + j * pixel + c, made + shift);
    };
    in_both_directions<6, 4>(at, put, [](const Vector* from, Vector* to) {
      const Vector sum = from[1] + from[2], difference = from[1] - from[2];
      to[0] = from[0] + sum + from[3] + from[4];
      to[1] = difference + from[3] * 0.5F - from[4] * 2;
      to[2] = sum + from[3] * 0.25F + from[4] * 4;
      to[3] = difference + from[3] * 0.125F - from[4] * 8 + from[5];
    });
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
