// Winograd's convolution ("Fast algorithms for convolutional neural networks", Lavin & Gray 2016), with
// kernels of 3x3 four by four results at a time, of 5x5 two by two: a tile of 6x6 inputs, a kernel and a tile
// of results are each the image of a transform in which the convolution is 36 products of numbers rather than
// 144 or 100. What is transformed are coefficients of polynomials, to their values at 0, 1, -1, 1/2, -2 and
// infinity: of the points that were tried those with the smallest rounding errors. A vector holds one number
// of as many channels.
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

// Powers of 1/2 and -2, and what a kernel's values are multiplied by in the transform.
constexpr float half_to[] = {1, 0.5F, 0.25F, 0.125F, 0.0625F};
constexpr float minus_two_to[] = {1, -2, 4, -8, 16};
constexpr float weight_scale[] = {1, 1.0F / 3, -1.0F / 3, -16.0F / 15, 1.0F / 15, 1};

// The values of a polynomial of n coefficients.
template <int n>
inline void at_points(const Vector* from, Vector* to) {
  Vector even = from[0], odd = from[1], at_half = from[0], at_minus_two = from[0];
#pragma GCC unroll 5
  for (int j = 2; j < n; ++j) (j % 2 == 0 ? even : odd) += from[j];
#pragma GCC unroll 5
  for (int j = 1; j < n; ++j) {
    at_half += from[j] * half_to[j];
    at_minus_two += from[j] * minus_two_to[j];
  }
  to[0] = from[0];
  to[1] = even + odd;
  to[2] = even - odd;
  to[3] = at_half;
  to[4] = at_minus_two;
  to[5] = from[n - 1];
}

// The transpose of that.
template <int n>
inline void from_points(const Vector* from, Vector* to) {
  const Vector sum = from[1] + from[2], difference = from[1] - from[2];
#pragma GCC unroll 5
  for (int j = 0; j < n; ++j) {
    to[j] = (j % 2 == 0 ? sum : difference) + from[3] * half_to[j] + from[4] * minus_two_to[j];
  }
  to[0] += from[0];
  to[n - 1] += from[5];
}

template <int kernel>
void transform_weights(int64_t channels, const float* weight, int64_t pitch, float* u, int64_t plane) {
  for (int64_t c = 0; c < channels; c += lanes) {
    const auto at = [=](int i, int j) { return load(weight + (kernel * i + j) * pitch + c); };
    const auto put = [=](int i, int j, Vector made) { store(u + (6 * i + j) * plane + c, made); };
    in_both_directions<kernel, 6>(at, put, [](const Vector* from, Vector* to) {
      at_points<kernel>(from, to);
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) to[i] *= weight_scale[i];
    });
  }
}

template <int results>
void transform_results(int64_t channels, const float* m, int64_t plane, const float* bias, float* y,
                       int64_t pitch, int64_t rows, int64_t columns, int64_t pixel) {
  for (int64_t c = 0; c < channels; c += lanes) {
    const auto at = [=](int i, int j) { return load(m + (6 * i + j) * plane + c); };
    const auto put = [=, shift = load(bias + c)](int i, int j, Vector made) {
      if (i < rows && j < columns) store(y + i * pitch + j * pixel + c, made + shift);
    };
    in_both_directions<6, results>(at, put, from_points<results>);
  }
}

// The gradients go the same ways back, by the transposes.

template <int results>
void transform_gradient(int64_t channels, const float* grad_y, const int64_t* places, float* g,
                        int64_t plane) {
  for (int64_t c = 0; c < channels; c += lanes) {
    const auto at = [=](int i, int j) { return load(grad_y + places[results * i + j] + c); };
    const auto put = [=](int i, int j, Vector made) { store(g + (6 * i + j) * plane + c, made); };
    in_both_directions<results, 6>(at, put, at_points<results>);
  }
}

template <int kernel>
void transform_grad_weight(int64_t channels, const float* u, int64_t plane, float* grad, int64_t pitch) {
  for (int64_t c = 0; c < channels; c += lanes) {
    const auto at = [=](int i, int j) { return load(u + (6 * i + j) * plane + c); };
    const auto put = [=](int i, int j, Vector made) { store(grad + (kernel * i + j) * pitch + c, made); };
    in_both_directions<6, kernel>(at, put, [](const Vector* from, Vector* to) {
      Vector scaled[6];
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) scaled[i] = from[i] * weight_scale[i];
      from_points<kernel>(scaled, to);
    });
  }
}

void winograd_weights(int64_t kernel, int64_t channels, const float* weight, int64_t pitch, float* u,
                      int64_t plane) {
  (kernel == 3 ? transform_weights<3> : transform_weights<5>)(channels, weight, pitch, u, plane);
}

void winograd_output(int64_t kernel, int64_t channels, const float* m, int64_t plane, const float* bias,
                     float* y, int64_t pitch, int64_t rows, int64_t columns, int64_t pixel) {
  (kernel == 3 ? transform_results<4> : transform_results<2>)(channels, m, plane, bias, y, pitch, rows,
                                                              columns, pixel);
}

void winograd_gradient(int64_t kernel, int64_t channels, const float* grad_y, const int64_t* places, float* g,
                       int64_t plane) {
  (kernel == 3 ? transform_gradient<4> : transform_gradient<2>)(channels, grad_y, places, g, plane);
}

void winograd_grad_weight(int64_t kernel, int64_t channels, const float* u, int64_t plane, float* grad,
                          int64_t pitch) {
  (kernel == 3 ? transform_grad_weight<3> : transform_grad_weight<5>)(channels, u, plane, grad, pitch);
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

void winograd_grad_input(int64_t channels, const float* v, int64_t plane, const int64_t* places,
                         float* grad) {
  for (int64_t c = 0; c < channels; c += lanes) {
    const auto at = [=](int i, int j) { return load(v + (6 * i + j) * plane + c); };
    const auto put = [=](int i, int j, Vector made) {
      float* pixel = grad + places[6 * i + j] + c;
      store(pixel, load(pixel) + made);
    };
    in_both_directions<6, 6>(at, put, [](const Vector* from, Vector* to) {
      const Vector sum = from[1] + from[2], difference = from[2] - from[1];
      to[0] = from[0];
      to[1] = difference - from[0] * 1.5F - from[3] * 2 + from[4] * 0.5F + from[5];
      to[2] = difference * -1.5F - sum - from[0] * 2 - from[3] - from[4] - from[5] * 1.5F;
      to[3] = sum * 1.5F - difference + from[0] * 1.5F + from[3] * 2 - from[4] * 0.5F - from[5] * 2;
      to[4] = from[0] + sum + from[3] + from[4] + from[5] * 1.5F;
      to[5] = from[5];
    });
  }
}

}  // namespace
}  // namespace tinynn::kernels::simd::TINYNN_ISA
