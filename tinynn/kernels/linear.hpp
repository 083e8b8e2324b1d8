// The three products of a linear layer, y = x weight^T + bias, and what flows back: x is (n, in), weight
// (out, in), y (n, out), all row-major. torch.nn.functional.linear.
//
// `live`, if not null, says where the weight is alive: then only that is multiplied, dead elements are not
// read, and their gradients are 0.
#pragma once

#include <cstdint>

namespace tinynn::kernels {

struct SparsePattern;

struct LinearSizes {
  int64_t n, in, out;
};

/// `bias` (out) may be null.
void linear_forward(const LinearSizes& s, const float* x, const float* weight, const float* bias, float* y,
                    const SparsePattern* live = nullptr);
/// grad_x = grad_y weight, overwritten.
void linear_backward_input(const LinearSizes& s, const float* grad_y, const float* weight, float* grad_x,
                           const SparsePattern* live = nullptr);
/// grad_weight = grad_y^T x, overwritten; with `live`, its live elements alone, as pack_live() has them.
void linear_backward_weight(const LinearSizes& s, const float* grad_y, const float* x, float* grad_weight,
                            const SparsePattern* live = nullptr);

}  // namespace tinynn::kernels
