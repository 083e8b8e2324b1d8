#include <algorithm>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/snapshot.hpp>
#include <tinynn/prune/iterate.hpp>

namespace tinynn::prune {

int64_t iterate(nn::Module& module, const IterateOptions& options) {
  check(!options.schedule.empty(), "iterate: the schedule is empty");
  check(std::ranges::is_sorted(options.schedule), "iterate: the schedule's sparsities must not fall");
  std::vector<Amount> amounts;  // all of them before the first step: they check their range
  for (double sparsity : options.schedule) amounts.push_back(fraction_of_total(sparsity));
  for (size_t i = 0; i < amounts.size(); ++i) {
    const auto step = static_cast<int64_t>(i);
    const auto before = options.accuracy ? snapshot(module) : Snapshot{};
    if (options.prune_to) {
      options.prune_to(options.schedule[i]);
    } else {
      prune(weights(module), amounts[i], options.rule, options.scope);
    }
    if (options.before_finetune) options.before_finetune(step);
    if (options.finetune) options.finetune(step);
    if (options.accuracy && options.accuracy() < options.min_accuracy) {
      restore(module, before);
      return step;
    }
  }
  return static_cast<int64_t>(amounts.size());
}

}  // namespace tinynn::prune
