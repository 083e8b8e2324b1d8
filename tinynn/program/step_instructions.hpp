// What runs the steps of a program that have no weights: for rows of the table.
#pragma once

#include <tinynn/program/instructions.hpp>

namespace tinynn::deploy::instruction_of {

Instruction copy(const StepMaker& step);  // an activation then works in place
Instruction scale_shift(const StepMaker& step);
Instruction max_pool2d(const StepMaker& step);
Instruction avg_pool2d(const StepMaker& step);  // with kernel 0: adaptive
Instruction add(const StepMaker& step);
Instruction subtract(const StepMaker& step);
Instruction multiply(const StepMaker& step);
Instruction scale_channels(const StepMaker& step);
Instruction concat(const StepMaker& step);
Instruction gather(const StepMaker& step);
Instruction softmax(const StepMaker& step);
Instruction log_softmax(const StepMaker& step);

}  // namespace tinynn::deploy::instruction_of
