#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/train/recalibrate.hpp>

namespace tinynn::train {

void recalibrate_batch_norm(nn::Module& module, data::DataLoader& loader, int64_t batches) {
  check(batches >= 0, "recalibrate_batch_norm: ", batches, " batches, expected 0 or more");
  if (module.named_buffers().empty() || loader.size() == 0) return;
  const nn::KeepMode mode(module);
  module.train();
  const NoGrad no_grad;
  while (batches > 0) {
    for (const auto& batch : loader) {
      module(batch.inputs);
      if (--batches == 0) return;
    }
  }
}

}  // namespace tinynn::train
