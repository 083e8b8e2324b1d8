// Loops on single elements. Where results may overwrite what is read, a compiler, which must allow for that,
// would not vectorize the loop by itself.
#pragma once

#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

void relu(int64_t count, const float* x, float* y) {
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const Vector v = load(x + i);
    store(y + i, v < 0 ? Vector{} : v);
  }
  for (; i < count; ++i) y[i] = x[i] < 0 ? 0 : x[i];
}

void add(int64_t count, const float* a, const float* b, float* y) {
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) store(y + i, load(a + i) + load(b + i));
  for (; i < count; ++i) y[i] = a[i] + b[i];
}

void relu_backward(int64_t count, const float* grad_y, const float* y, float* grad_x) {
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) store(grad_x + i, load(y + i) > 0 ? load(grad_y + i) : Vector{});
  for (; i < count; ++i) grad_x[i] = y[i] > 0 ? grad_y[i] : 0;
}

void normalize(int64_t count, const float* x, float mean, float scale, float shift, float* y) {
  for (int64_t i = 0; i < count; ++i) y[i] = (x[i] - mean) * scale + shift;
}

void normalize_backward(int64_t count, const float* grad_y, const float* x, float mean, float scale,
                        float shift, float slope, float* grad_x) {
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    store(grad_x + i, scale * (load(grad_y + i) - shift - (load(x + i) - mean) * slope));
  }
  for (; i < count; ++i) grad_x[i] = scale * (grad_y[i] - shift - (x[i] - mean) * slope);
}

}  // namespace
}  // namespace tinynn::kernels::simd::TINYNN_ISA
