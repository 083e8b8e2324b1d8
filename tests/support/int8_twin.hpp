// What a header of 8 bits computes, written out again: naive loops, one sample at a time, over numbers as
// they are stored. Sums of layers are whole numbers, and so exact; everything else is what C computes in
// single precision.
#pragma once

#include <vector>

#include <tinynn/program/plan.hpp>

namespace test {

using tinynn::Tensor;

/// By value of the plan: the numbers that are stored, whole ones where its format is not float; none of
/// values that no step makes. Throws logic_error where a sum is not rounded to the nearest.
std::vector<std::vector<float>> int8_values(const tinynn::deploy::Plan& plan, const float* sample);

/// One step of it, which reads `values` and writes one.
void int8_step(const tinynn::deploy::Plan& plan, size_t step, std::vector<std::vector<float>>& values);

/// x (n, ...) to what a header gives, (n, numbers of the output).
Tensor int8_outputs(const tinynn::deploy::Plan& plan, const Tensor& x);

/// The plan with all values that it makes in its output, one after the other: each number times its scale.
tinynn::deploy::Plan with_all_values(tinynn::deploy::Plan plan);

}  // namespace test
