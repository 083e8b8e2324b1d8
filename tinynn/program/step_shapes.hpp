// Shape rules of steps: each checks what a step says, in a plan from a file that may say anything, and gives
// the shape that follows.
#pragma once

#include <tinynn/program/check_plan.hpp>

namespace tinynn::deploy {

/// Sizes beyond this are no network's, and their products might overflow.
inline constexpr int64_t most_numbers = int64_t{1} << 24;

namespace shape_of {

Shape same(const StepReader& step);   // as its input
Shape equal(const StepReader& step);  // as both its inputs
Shape linear(const StepReader& step);
Shape conv2d(const StepReader& step);
Shape scale_shift(const StepReader& step);
Shape pool2d(const StepReader& step);
Shape adaptive_pool2d(const StepReader& step);
Shape scale_channels(const StepReader& step);
Shape prelu(const StepReader& step);
Shape pad(const StepReader& step);
Shape reduced(const StepReader& step);    // but for a dimension, of which one number is left
Shape normalize(const StepReader& step);  // as its input, which is as many rows as it has groups
Shape concat(const StepReader& step);
Shape gather(const StepReader& step);
Shape along(const StepReader& step);    // a dimension of it: softmax
Shape reshape(const StepReader& step);  // whatever holds as many numbers

}  // namespace shape_of
}  // namespace tinynn::deploy
