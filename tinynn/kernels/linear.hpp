// The three products of a linear layer, y = x weight^T + bias, and what flows back: x is (n, in), weight
// (out, in), y (n, out), all row-major. torch.nn.functional.linear.
//
// `live`, if not null, says where the weight is alive: then only that is multiplied, dead elements are not
// read, and their gradients are 0.
#pragma once

#include <cstdint>
#include <utility>

#include <tinynn/core/buffer.hpp>

namespace tinynn::kernels {

struct SparsePattern;

struct LinearSizes {
  int64_t n, in, out;
};

/// Numbers of n samples, `size` of each, row by row; and in blocks of samples that lie side by side, which
/// products with live weights alone read, once one of those has made them.
struct Samples {
  Samples(const float* in_rows, Buffer in_blocks = {}) : rows(in_rows), blocks(std::move(in_blocks)) {}
  const float* make_blocks(int64_t n, int64_t size) const;

  const float* rows;
  mutable Buffer blocks;
};

/// `bias` (out) may be null.
void linear_forward(const LinearSizes& s, const Samples& x, const float* weight, const float* bias, float* y,
                    const SparsePattern* live = nullptr);
/// grad_x = grad_y weight, overwritten.
void linear_backward_input(const LinearSizes& s, const Samples& grad_y, const float* weight, float* grad_x,
                           const SparsePattern* live = nullptr);
/// grad_weight = grad_y^T x, overwritten; with `live`, its live elements alone, as pack_live() has them.
void linear_backward_weight(const LinearSizes& s, const Samples& grad_y, const Samples& x, float* grad_weight,
                            const SparsePattern* live = nullptr);
/// grad_bias (out) = grad_y summed over samples, in double, overwritten.
void linear_backward_bias(const LinearSizes& s, const float* grad_y, float* grad_bias);

}  // namespace tinynn::kernels
