// What runs the steps of a program that have no weights: for rows of the table.
#pragma once

#include <tinynn/program/commands.hpp>

namespace tinynn::deploy::command_of {

Command copy(const StepMaker& step);  // an activation then works in place
Command scale_shift(const StepMaker& step);
Command max_pool2d(const StepMaker& step);
Command avg_pool2d(const StepMaker& step);  // with kernel 0: adaptive
Command add(const StepMaker& step);
Command subtract(const StepMaker& step);
Command multiply(const StepMaker& step);
Command scale_channels(const StepMaker& step);
Command concat(const StepMaker& step);
Command gather(const StepMaker& step);
Command softmax(const StepMaker& step);
Command log_softmax(const StepMaker& step);

}  // namespace tinynn::deploy::command_of
