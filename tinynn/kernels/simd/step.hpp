// The steps of optimizers; ../../optim has their formulas' sources. What becomes of an element must not
// depend on its place, so all go through the same instructions: the last few are copied to where a whole
// block fits.
#pragma once

#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

constexpr int64_t block = 64;  // elements

// A moment that no gradient feeds any more decays into the denormal numbers and, rounded, stays there for
// ever; every product with one takes a hundred times as long. So what is smaller than a normal number is
// zero.
inline float without_denormals(float x) {
  constexpr float smallest_normal = 1.17549435e-38F;
  return x < smallest_normal && x > -smallest_normal ? 0 : x;
}

// Calls step(arrays) for blocks of the arrays, which may be null.
template <int n, class Step>
inline void in_blocks(int64_t count, float* const (&arrays)[n], Step step) {
  for (int64_t begin = 0; begin < count; begin += block) {
    const int64_t size = smaller(block, count - begin);
    float copies[n][block];
    float* at[n];
    for (int a = 0; a < n; ++a) {
      at[a] = arrays[a] == nullptr ? nullptr : arrays[a] + begin;
      if (size == block || at[a] == nullptr) continue;
      for (int64_t i = 0; i < block; ++i) copies[a][i] = i < size ? at[a][i] : 0;
      at[a] = copies[a];
    }
    step(at);
    if (size == block) continue;
    for (int a = 0; a < n; ++a) {
      for (int64_t i = 0; arrays[a] != nullptr && i < size; ++i) arrays[a][begin + i] = copies[a][i];
    }
  }
}

void sgd_step(int64_t count, const SgdStep& s, const float* grad, float* w, float* m) {
  in_blocks<3>(count, {const_cast<float*>(grad), w, m}, [&s](float* const(&at)[3]) {
    const float* __restrict g = at[0];
    float* __restrict value = at[1], * __restrict moment = at[2];
    if (moment == nullptr) {
      for (int64_t i = 0; i < block; ++i) value[i] -= s.rate * (g[i] + s.weight_decay * value[i]);
      return;
    }
    for (int64_t i = 0; i < block; ++i) {
      const float gradient = g[i] + s.weight_decay * value[i];
      moment[i] = without_denormals(s.momentum * moment[i] + gradient);
      value[i] -= s.rate * (s.nesterov ? gradient + s.momentum * moment[i] : moment[i]);
    }
  });
}

void adam_step(int64_t count, const AdamStep& s, const float* grad, float* w, float* m, float* v) {
  in_blocks<4>(count, {const_cast<float*>(grad), w, m, v}, [&s](float* const(&at)[4]) {
    const float* __restrict g = at[0];
    float* __restrict value = at[1], * __restrict mean = at[2], * __restrict square = at[3];
    for (int64_t i = 0; i < block; ++i) {
      const float gradient = g[i] + s.l2 * value[i];
      mean[i] = without_denormals(s.beta1 * mean[i] + s.fresh1 * gradient);
      square[i] = without_denormals(s.beta2 * square[i] + s.fresh2 * gradient * gradient);
      value[i] = s.shrink * value[i] - s.rate * mean[i] / (__builtin_sqrtf(square[i]) / s.root2 + s.eps);
    }
  });
}

void rmsprop_step(int64_t count, const RmspropStep& s, const float* grad, float* w, float* v, float* a,
                  float* m) {
  in_blocks<5>(count, {const_cast<float*>(grad), w, v, a, m}, [&s](float* const(&at)[5]) {
    const float* __restrict g = at[0];
    float* __restrict value = at[1], * __restrict square = at[2], * __restrict mean = at[3], * __restrict moment = at[4];
    float steps[block], variance[block];
    for (int64_t i = 0; i < block; ++i) {
      steps[i] = g[i] + s.l2 * value[i];
      variance[i] = square[i] = without_denormals(s.alpha * square[i] + s.fresh * steps[i] * steps[i]);
    }
    for (int64_t i = 0; mean != nullptr && i < block; ++i) {
      mean[i] = without_denormals(s.alpha * mean[i] + s.fresh * steps[i]);
      variance[i] -= mean[i] * mean[i];
    }
    for (int64_t i = 0; i < block; ++i) steps[i] /= __builtin_sqrtf(variance[i]) + s.eps;
    for (int64_t i = 0; moment != nullptr && i < block; ++i) {
      steps[i] = moment[i] = without_denormals(s.momentum * moment[i] + steps[i]);
    }
    for (int64_t i = 0; i < block; ++i) value[i] -= s.rate * steps[i];
  });
}

}  // namespace
}  // namespace tinynn::kernels::simd::TINYNN_ISA
