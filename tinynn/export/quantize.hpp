// Quantisation to eight bits, after training: weights become whole numbers of -127 to 127 times a scale of
// their output channel, values between layers bytes times a scale of their own, without a zero point: int8_t,
// or uint8_t where nothing is below zero. So zero stays zero, and a pruned weight pruned. Scales of values
// come from the largest numbers seen on a batch of images (Jacob et al. 2018, in the symmetric variant).
//
//   const deploy::Program small(deploy::quantize(deploy::plan(net, images), images));
#pragma once

#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

/// The plan in eight bits, its weights and biases rounded to what is stored. `images` (n, ...) are what
/// values are calibrated on. The output stays float, and what softmax reads; so do the sums inside
/// activations other than relu. Max pooling, gather and reshape keep the format of their input. Throws Error
/// if the images do not fit the plan, or lead to a number that is not finite.
Plan quantize(Plan plan, const Tensor& images);

}  // namespace tinynn::deploy
