// Gradient clipping, between backward() and step().
#pragma once

#include <vector>

#include <tinynn/autograd/parameter.hpp>

namespace tinynn::optim {

/// Scales all gradients by one factor so that their joint L2 norm is at most `max_norm`, and returns the norm
/// that they had. Throws Error, changing nothing, if the norm is NaN or infinite.
/// torch.nn.utils.clip_grad_norm_ with error_if_nonfinite.
double clip_grad_norm(const std::vector<Parameter>& parameters, double max_norm);

/// Cuts every gradient element to [-limit, limit]. torch.nn.utils.clip_grad_value_.
void clip_grad_value(const std::vector<Parameter>& parameters, double limit);

}  // namespace tinynn::optim
