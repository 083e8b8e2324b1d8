#include <tinynn/autograd/no_grad.hpp>
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
  const NoGrad no_grad;
  const nn::KeepMode mode(module);
  module.eval();
  const autograd::Observer observer(
      [&](const autograd::Op& op, const std::vector<Tensor>& inputs, const Tensor& output) {
        if (op.macs != nullptr) counts.macs += op.macs(inputs, output);
      });
  module(example);
  counts.macs /= example.size(0);
  return counts;
}

}  // namespace tinynn::graph
