#include <tinynn/train/fit.hpp>

namespace tinynn::train {

std::vector<Epoch> fit(nn::Module& module, optim::Optimizer& optimizer, data::DataLoader& loader,
                       const FitOptions& options) {
  Run run(module, optimizer, loader, options);
  while (run.advance()) {
  }
  return run.epochs();
}

}  // namespace tinynn::train
