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
  Schedule schedule = {};                                  // sparsity after each step
  std::function<void(int64_t step)> before_finetune = {};  // optional, with the step's masks already in place
  std::function<void(int64_t step)> finetune = {};  // optional; trains the module however the caller likes
};

/// Brings the prunable parameters of the module to each sparsity of the schedule in turn, steps counted from
/// 0, and calls the functions after each. Throws Error for an empty or falling schedule before anything
/// changes.
void iterate(nn::Module& module, const IterateOptions& options);

}  // namespace tinynn::prune
