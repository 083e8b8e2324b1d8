#include <algorithm>

#include <tinynn/core/error.hpp>
#include <tinynn/prune/iterate.hpp>

namespace tinynn::prune {

void iterate(nn::Module& module, const IterateOptions& options) {
  check(!options.schedule.empty(), "iterate: the schedule is empty");
  check(std::ranges::is_sorted(options.schedule), "iterate: the schedule's sparsities must not fall");
  const auto parameters = prunable(module);
  std::vector<Amount> amounts;
  for (double sparsity : options.schedule) amounts.push_back(fraction_of_total(sparsity));
  for (size_t step = 0; step < amounts.size(); ++step) {
    prune(parameters, amounts[step], options.rule, options.scope);
    if (options.before_finetune) options.before_finetune(static_cast<int64_t>(step));
    if (options.finetune) options.finetune(static_cast<int64_t>(step));
  }
}

}  // namespace tinynn::prune
