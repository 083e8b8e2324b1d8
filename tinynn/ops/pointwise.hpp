// Functions of every element by itself. Where PyTorch's derivative is a convention, so it is here: abs'(0) =
// 0, sqrt'(0) is infinite, clamp hands the gradient on at its bounds.
#pragma once

#include <limits>

#include <tinynn/core/tensor.hpp>

namespace tinynn {

/// x^exponent. torch.pow.
Tensor pow(const Tensor& x, double exponent);
/// e^x. torch.exp.
Tensor exp(const Tensor& x);
/// The natural logarithm. torch.log.
Tensor log(const Tensor& x);
/// torch.sqrt
Tensor sqrt(const Tensor& x);
/// torch.abs
Tensor abs(const Tensor& x);
/// min(max(x, low), high); NaN stays NaN. torch.clamp.
Tensor clamp(const Tensor& x, double low, double high = std::numeric_limits<double>::infinity());

}  // namespace tinynn
