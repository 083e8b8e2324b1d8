// Values of a program that lie pixel by pixel, the channels of each side by side, rather than channel by
// channel: as Winograd's convolutions compute, which would transpose them on the way in and out otherwise.
#pragma once

#include <cstddef>
#include <vector>

#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

/// By value: whether it lies pixel by pixel while steps before `block_begin` take one sample at a time. What
/// number by number is made of each other lies alike; for each such group, the order is taken in which less
/// has to be transposed. The result is the same, to the bit.
std::vector<bool> values_by_pixels(const Plan& plan, size_t block_begin);

/// Whether the step takes and gives values in that order, with no change to the numbers.
bool goes_by_pixels(const Plan& plan, const Step& step);

}  // namespace tinynn::deploy
