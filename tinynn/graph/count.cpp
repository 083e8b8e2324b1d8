#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/graph/count.hpp>

namespace tinynn::graph {

Counts count(nn::Module& module, const Tensor& example) {
  check(example.rank() >= 1 && example.size(0) >= 1, "count: the example ", example.shape(),
        " has no sample");
  Counts counts;
  for (const auto& parameter : module.parameters()) {
    counts.parameters += parameter.numel();
    counts.nonzero += count_nonzero(parameter);
  }
  const nn::EvaluationScope evaluation(module);
  const autograd::Observer observer([&](const autograd::Call& call) {
    if (call.op.macs != nullptr) counts.macs += call.op.macs(call.inputs, call.output);
  });
  module(example);
  counts.macs /= example.size(0);
  return counts;
}

}  // namespace tinynn::graph
