#pragma once

#include <tinynn/core/tensor.hpp>

namespace tinynn {

/// y = x weight^T + bias: x (..., in), weight (out, in), bias (out) or undefined, y (..., out).
/// Throws Error if they do not fit. torch.nn.functional.linear.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

}  // namespace tinynn
