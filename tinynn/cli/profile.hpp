// profile: where the time of an inference program goes, step by step.
#pragma once

#include <string>
#include <vector>

#include <tinynn/program/program.hpp>

namespace tinynn::cli {

struct StepCost {
  std::string name;     // as "conv2d 6 x 28 x 28, relu"
  double microseconds;  // of a whole batch on one thread: the median of many calls
  int64_t macs;         // live multiply-adds of one sample; 0 of steps without a weight
  int64_t bytes;  // of the batch's inputs and outputs, and of live weights: what has to be moved at least
};

/// The costs of the plan's steps on random numbers, and of what moves numbers in and out of blocks.
std::vector<StepCost> profile(const deploy::Program& program, int64_t batch);

/// A row for each: microseconds, share of all, GF/s (two operations a multiply-add) and GB/s.
std::string profile_table(const std::vector<StepCost>& costs, int64_t batch);

}  // namespace tinynn::cli
