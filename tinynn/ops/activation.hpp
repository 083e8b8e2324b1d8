#pragma once

#include <tinynn/core/tensor.hpp>

namespace tinynn {

// Elementwise: any shape, the result has the same. NaN stays NaN.

/// max(x, 0). torch.relu.
Tensor relu(const Tensor& x);
/// x where it is positive, negative_slope * x elsewhere. torch.nn.functional.leaky_relu.
Tensor leaky_relu(const Tensor& x, double negative_slope = 0.01);
/// 1 / (1 + exp(-x)). torch.sigmoid.
Tensor sigmoid(const Tensor& x);
/// torch.tanh
Tensor tanh(const Tensor& x);
/// x * sigmoid(x), also called swish. torch.nn.functional.silu.
Tensor silu(const Tensor& x);
/// min(max(x, 0), 6). torch.nn.functional.relu6.
Tensor relu6(const Tensor& x);
/// min(max(x + 3, 0), 6) / 6. torch.nn.functional.hardsigmoid.
Tensor hardsigmoid(const Tensor& x);
/// x * hardsigmoid(x) (Howard et al., "Searching for MobileNetV3", 2019). torch.nn.functional.hardswish.
Tensor hardswish(const Tensor& x);
/// x where it is positive, alpha * (exp(x) - 1) elsewhere (Clevert et al. 2016). torch.nn.functional.elu.
Tensor elu(const Tensor& x, double alpha = 1);

/// How gelu computes the normal distribution: exactly, or by a formula with tanh that older networks used.
enum class GeluFormula { exact, tanh };
/// x * Phi(x), Phi the standard normal distribution function; GeluFormula::tanh is
/// x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))). torch.nn.functional.gelu.
Tensor gelu(const Tensor& x, GeluFormula formula = GeluFormula::exact);

// Along one dimension; negative ones count from the end. Throws Error if it is not there.

/// exp(x) / sum of exp(x) along `dim`, computed without overflow. torch.softmax.
Tensor softmax(const Tensor& x, int64_t dim);
/// log(softmax(x)), computed without rounding small probabilities away. torch.log_softmax.
Tensor log_softmax(const Tensor& x, int64_t dim);

}  // namespace tinynn
