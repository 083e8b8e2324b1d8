#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/sparsify/reparametrize.hpp>

namespace tinynn::sparsify {

void harden(Parameter parameter) {
  if (!parameter.is_reparametrized()) return;
  const NoGrad no_grad;
  const Tensor value = parameter.effective(false);
  parameter.assign(value);  // throws if the shape is another
  parameter.reparametrize({});
  parameter.prune(Mask(value));
}

void harden(nn::Module& module) {
  for (const auto& parameter : module.parameters()) harden(parameter);
}

void require_hardened(const char* operation, const std::vector<Parameter>& parameters) {
  require_distinct(operation, parameters);
  for (const auto& parameter : parameters) parameter.require_hardened(operation);
}

}  // namespace tinynn::sparsify
