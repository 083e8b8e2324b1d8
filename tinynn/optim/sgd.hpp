// SGD with momentum, Nesterov momentum and weight decay, as torch.optim.SGD:
//   g = grad + weight_decay w;   m = momentum m + g (m = g at the first step)
//   w = w - lr m, or with Nesterov w - lr (g + momentum m).
#pragma once

#include <tinynn/optim/optimizer.hpp>

namespace tinynn::optim {

struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0;
  double weight_decay = 0;  // L2
  bool nesterov = false;
  double l1 = 0;  // proximal L1 on weights, see Optimizer::step

  int64_t moments() const { return momentum > 0 ? 1 : 0; }
  /// Throws Error on negative settings, or on Nesterov without momentum.
  void validate() const;
  void update(const Optimizer::Slot& slot) const;
};

using SGD = OptimizerOf<SGDOptions>;

}  // namespace tinynn::optim
