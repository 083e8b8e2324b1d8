// What runs the steps of a program that have no weights: for rows of the table.
#pragma once

#include <tinynn/program/instructions.hpp>

namespace tinynn::deploy::instruction_of {

Instruction copy(const StepMaker& step);  // an activation then works in place
Instruction scale_shift(const StepMaker& step);
Instruction max_pool2d(const StepMaker& step);
Instruction avg_pool2d(const StepMaker& step);  // with kernel 0: adaptive
Instruction scale_channels(const StepMaker& step);
Instruction prelu(const StepMaker& step);
Instruction pad(const StepMaker& step);
Instruction sum(const StepMaker& step);
Instruction amax(const StepMaker& step);
Instruction normalize(const StepMaker& step);
Instruction concat(const StepMaker& step);
Instruction gather(const StepMaker& step);
Instruction softmax(const StepMaker& step);
Instruction log_softmax(const StepMaker& step);

Instruction add(const StepMaker& step);

/// y = f(a, b), number by number
template <float (*f)(float, float)>
Instruction combine(const StepMaker& step) {
  return [count = step.count(), a = step.x(0), b = step.x(1), y = step.y()](const Frame& frame) {
    const float *left = a.read(frame), *right = b.read(frame);
    float* to = y(frame);
    for (int64_t i = 0; i < count; ++i) to[i] = f(left[i], right[i]);
  };
}

}  // namespace tinynn::deploy::instruction_of
