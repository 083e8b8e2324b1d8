// iterate: prune a little, fine-tune, prune a little more. The loop of Han et al., "Learning both weights and
// connections for efficient neural networks", NIPS 2015, as data.
#pragma once

#include <functional>

#include <tinynn/nn/module.hpp>
#include <tinynn/prune/criterion.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/prune/schedule.hpp>

namespace tinynn::prune {

struct IterateOptions {
  Rule rule = {};  // criterion and granularity
  Scope scope = Scope::global;
  SparsitySchedule schedule = {};  // sparsity after each step
  /// Optional, in place of rule and scope: brings the weights to a sparsity in a way of its own.
  std::function<void(double sparsity)> prune_to = {};
  std::function<void(int64_t step)> before_finetune = {};  // optional, with the step's masks already in place
  std::function<void(int64_t step)> finetune = {};  // optional; trains the module however the caller likes
  /// Optional: a step after which this gives less than `min_accuracy` is undone, and is the last.
  std::function<double()> accuracy = {};
  double min_accuracy = 0;
};

/// Brings the weights of the module to each sparsity of the schedule in turn, steps counted from
/// 0, and calls the functions after each. Returns how many steps stand: all, unless accuracy was lost. Throws
/// Error for an empty or falling schedule before anything changes.
int64_t iterate(nn::Module& module, const IterateOptions& options);

}  // namespace tinynn::prune
