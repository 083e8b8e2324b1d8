// Lion (Chen et al. 2023, "Symbolic discovery of optimization algorithms"): steps of one size.
//   w = w - lr (sign(b1 m + (1 - b1) grad) + weight_decay w);   m = b2 m + (1 - b2) grad
// Its rate is a third to a tenth of Adam's, its decay as much larger.
#pragma once

#include <tinynn/optim/optimizer.hpp>

namespace tinynn::optim {

struct LionOptions {
  double lr = 1e-4;
  double beta1 = 0.9, beta2 = 0.99;
  double weight_decay = 0;  // decoupled
  double l1 = 0;            // proximal L1 on weights, see Optimizer::step

  static int64_t moments() { return 1; }
  void validate() const;
  void update(const Optimizer::Slot& slot) const;
};

using Lion = OptimizerOf<LionOptions>;

}  // namespace tinynn::optim
