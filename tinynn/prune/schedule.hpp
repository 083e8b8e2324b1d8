// Schedules: the sparsities that pruning passes through on its way, one a step, each as a fraction of all
// elements of weights. A schedule is nothing but that list, so any other can be written down by hand.
#pragma once

#include <cstdint>
#include <vector>

namespace tinynn::prune {

using SparsitySchedule = std::vector<double>;

struct ScheduleOptions {
  double from = 0;  // sparsity before the first step
  double to = 0.9;  // sparsity after the last
  int64_t steps = 10;
};

/// All at once.
SparsitySchedule one_shot(double sparsity);
/// Equal steps.
SparsitySchedule linear(const ScheduleOptions& options);
/// from + (to - from) (1 - (1 - i/steps)^3): fast while there is much to take, slow towards the end
/// (Zhu & Gupta, "To prune, or not to prune", 2017).
SparsitySchedule cubic(const ScheduleOptions& options);
/// 1 - (1 - from) ((1 - to) / (1 - from))^(i/steps): each step keeps the same fraction of what is left, so
/// that much of the time is spent where little is left. Throws Error for `to` of 1, which no such step
/// reaches.
SparsitySchedule exponential(const ScheduleOptions& options);

struct ConstantRateOptions {
  double rate = 0.2;  // of what is alive, pruned by each step
  double to = 0.9;    // sparsity after the last step, which is smaller if need be
};
/// 20% a round, as in the lottery-ticket work (Frankle & Carbin 2019), until `to` is reached.
SparsitySchedule constant_rate(const ConstantRateOptions& options);

}  // namespace tinynn::prune
