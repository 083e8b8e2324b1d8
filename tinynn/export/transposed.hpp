// Transposed convolutions in plans: none is left when a plan is made. Each becomes stride.h x stride.w
// ordinary convolutions, each of which makes the pixels that are so far apart, with the part of the weight
// that reaches them; so they cost no multiplication by zero, and whatever a convolution can be (sparse, in 8
// bits, a call in a header) they are, too.
#pragma once

#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

/// A step only while a plan is made: its weight (outputs, inputs/groups, kernel.h, kernel.w), which
/// outputs_first() makes, takes what is folded into it.
extern const StepKind transposed_conv2d;

/// The weight (inputs, outputs/groups, kernel.h, kernel.w) of a transposed convolution, by outputs.
Tensor outputs_first(const Tensor& weight, int64_t groups);

/// The plan with ordinary convolutions in the places of transposed ones.
Plan without_transposed(Plan plan);

}  // namespace tinynn::deploy
