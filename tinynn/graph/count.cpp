#include <tinynn/autograd/record.hpp>
#include <tinynn/graph/count.hpp>

namespace tinynn::graph {

Counts count(nn::Module& module, const Example& example) {
  const int64_t samples = example.samples("count");
  Counts counts;
  for (const auto& parameter : module.parameters()) {
    counts.parameters += parameter.numel();
    counts.nonzero += count_nonzero(parameter);
  }
  const autograd::Observer observer([&](const autograd::Call& call) {
    if (call.op.macs != nullptr) counts.macs += call.op.macs(call.inputs, call.output);
  });
  run(module, example);
  counts.macs /= samples;
  return counts;
}

}  // namespace tinynn::graph
