// The two ways to convolve that conv2d chooses from, with the contracts of conv2d.hpp: as matrix products of
// windows that are laid out one by one (im2col), or directly.
#pragma once

#include <tinynn/kernels/conv2d.hpp>

namespace tinynn::kernels {

// With `live`, one group only.

namespace by_gemm {
void conv2d_forward(const Conv2dSizes& s, const float* x, const float* weight, const float* bias, float* y);
void conv2d_backward_input(const Conv2dSizes& s, const float* grad_y, const float* weight, float* grad_x,
                           const SparsePattern* live);
void conv2d_backward_weight(const Conv2dSizes& s, const float* grad_y, const float* x, float* grad_weight);
}  // namespace by_gemm

namespace direct {
void conv2d_backward_weight(const Conv2dSizes& s, const float* grad_y, const float* x, float* grad_weight,
                            const SparsePattern* live);
}  // namespace direct

}  // namespace tinynn::kernels
