#pragma once

#include <tinynn/core/tensor.hpp>

namespace tinynn {

struct BatchNormOptions {
  bool training = false;  // true: normalise by the batch's own statistics, and update the running ones
  double momentum = 0.1;  // share of the batch in the new running statistics
  double eps = 1e-5;      // added to the variance
};

/// y = (x - mean) / sqrt(variance + eps) * weight + bias, per channel c of x: (n, c), (n, c, l) or
/// (n, c, h, w); weight, bias (c) or undefined. In training, mean and biased variance are those of the batch
/// (n and all positions), and the running statistics (c), if defined, move towards them in place:
/// running = (1 - momentum) running + momentum batch, where the variance is the unbiased one. Otherwise they
/// are the running statistics. An empty batch leaves those alone.
/// Throws Error if shapes do not fit, or if in training a channel has one value only, which has no variance.
/// torch.nn.functional.batch_norm.
Tensor batch_norm(const Tensor& x, Tensor running_mean, Tensor running_var, const Tensor& weight = {},
                  const Tensor& bias = {}, const BatchNormOptions& options = {});

/// y = (x - mean) / sqrt(variance + eps) * weight + bias, where mean and biased variance are those of the
/// last `dims` dimensions of x, for each place in the others; weight and bias have the sizes of these
/// dimensions, or are undefined. Throws Error if shapes do not fit, or if x has not as many dimensions, of
/// which there must be one. torch.nn.functional.layer_norm.
Tensor layer_norm(const Tensor& x, int64_t dims, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);

/// The same (Wu & He 2018) with the mean and variance of a sample's group of channels: x (n, c, ...) has
/// `groups` of c / groups channels each that follow each other; weight and bias (c) or undefined. Throws
/// Error if shapes do not fit, or if the groups do not divide the channels. torch.nn.functional.group_norm.
Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);

}  // namespace tinynn
