// What the steps of a plan in eight bits store, and compute with, in whole numbers: for programs and exported
// headers, so that both give the same bits.
#pragma once

#include <optional>

#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

/// Whether a linear or conv2d multiplies whole numbers with whole numbers.
bool sums_are_whole(const Plan& plan, const Step& step);
/// Of a row of its weight times what it reads: the scale of its sums.
float scale_of_sums(const Plan& plan, const Step& step, int64_t output);
/// Its weight as it is stored.
std::vector<int8_t> whole_weight(const Step& step);
/// Its bias as it is stored, where its sums are whole.
std::vector<int32_t> whole_bias(const Plan& plan, const Step& step);

/// How a whole sum becomes a whole number of another scale: sum * multiplier / 2^shift, rounded, halves up,
/// at least low: the same on every machine.
struct Requantization {
  std::vector<int32_t> multipliers;  // by output
  int shift = 0, low = 0;
};
/// None where sums are floats, become floats, or go through an activation other than relu.
std::optional<Requantization> requantization(const Plan& plan, const Step& step);

}  // namespace tinynn::deploy
