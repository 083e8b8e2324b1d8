// Initial values of parameters, with PyTorch's formulas (torch.nn.init).
#pragma once

#include <tinynn/autograd/parameter.hpp>

namespace tinynn::nn::init {

/// Inputs that feed one output: the product of all dimensions but the first. Throws Error below rank two.
int64_t fan_in(const Shape& weight);

/// Uniform in [low, high).
void uniform(Parameter& parameter, double low, double high);
/// Uniform in +-gain sqrt(3 / fan_in) with gain = sqrt(2 / (1 + a^2)). torch.nn.init.kaiming_uniform_.
void kaiming_uniform(Parameter& weight, double a = 0);
/// Normal with std sqrt(2 / fan_in), as He et al. 2015 propose for ReLU. torch.nn.init.kaiming_normal_.
void kaiming_normal(Parameter& weight);

/// A weight as torch.nn.Linear and Conv2d start it: kaiming_uniform(a = sqrt 5), that is +-1/sqrt(fan_in).
Parameter default_weight(const Shape& shape);
/// The bias that goes with such a weight: uniform in +-1/sqrt(fan_in of the weight).
Parameter default_bias(const Shape& weight);
/// The same of another size than the weight's first dimension.
Parameter default_bias(const Shape& weight, int64_t size);

}  // namespace tinynn::nn::init
