// 2-D convolution (cross-correlation, as torch.nn.functional.conv2d), by whichever of three ways is the
// fastest for its sizes: directly (conv2d_kernel.hpp), by Winograd (winograd.hpp), or as matrix products
// (conv2d_gemm.hpp).
//
// x is (n, c, h, w), weight (o, c/groups, kh, kw), y (n, o, oh, ow), all row-major.
#pragma once

#include <cstdint>

#include <tinynn/core/size2.hpp>
#include <tinynn/kernels/window.hpp>

namespace tinynn::kernels {

struct SparsePattern;

struct Conv2dSizes {
  int64_t n, c, h, w;
  int64_t o, kh, kw;
  Size2 stride = 1;
  Padding2d padding = 0;
  Size2 dilation = 1;
  int64_t groups = 1;

  WindowAxis rows() const { return {h, kh, stride.h, dilation.h, padding.top, padding.bottom}; }
  WindowAxis columns() const { return {w, kw, stride.w, dilation.w, padding.left, padding.right}; }
  int64_t oh() const { return rows().out(); }
  int64_t ow() const { return columns().out(); }
  /// Samples are dealt out in at most 16 chunks, enough for the threads of a desktop.
  int64_t samples_per_chunk(int64_t chunks = 16) const { return n <= chunks ? 1 : (n + chunks - 1) / chunks; }
  /// For the gradient of the weight in 8, where 16 would have so few results each that adding the partial
  /// gradients up, one a chunk, takes long beside them.
  int64_t samples_per_weight_chunk() const { return samples_per_chunk(n * oh() * ow() < 16 * 512 ? 8 : 16); }
};

// `live`, which is null or of one group, says where the weight as a matrix (o, c/groups * kh * kw) is alive:
// then only that is multiplied, where there are kernels for it, and only that gets a gradient that means
// something.

/// `bias` (o) may be null.
void conv2d_forward(const Conv2dSizes& s, const float* x, const float* weight, const float* bias, float* y,
                    const SparsePattern* live = nullptr);
/// grad_x = the gradient of x, overwritten.
void conv2d_backward_input(const Conv2dSizes& s, const float* grad_y, const float* weight, float* grad_x,
                           const SparsePattern* live = nullptr);
/// grad_weight = the gradient of the weight, overwritten; with `live`, of its live elements alone, as
/// pack_live() has them.
void conv2d_backward_weight(const Conv2dSizes& s, const float* grad_y, const float* x, float* grad_weight,
                            const SparsePattern* live = nullptr);
/// grad_bias (o) = grad_y summed over samples and positions, overwritten.
void conv2d_backward_bias(const Conv2dSizes& s, const float* grad_y, float* grad_bias);

}  // namespace tinynn::kernels
