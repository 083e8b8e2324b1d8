// Adam (Kingma & Ba 2015), as torch.optim.Adam:
//   g = grad + weight_decay w;   m = b1 m + (1 - b1) g;   v = b2 v + (1 - b2) g^2
//   w = w - lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps)
// and AdamW (Loshchilov & Hutter 2019), as torch.optim.AdamW: the decay acts on w alone, w = w - lr decay w.
#pragma once

#include <tinynn/optim/optimizer.hpp>

namespace tinynn::optim {

template <bool decoupled>
struct AdamOptionsOf {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = decoupled ? 1e-2 : 0;  // L2, which goes through the moments, unless decoupled
  double l1 = 0;  // proximal L1 on weights with the plain step lr, see Optimizer::step

  static int64_t moments() { return 2; }
  void validate() const;
  void update(const Optimizer::Slot& slot) const;
};

using AdamOptions = AdamOptionsOf<false>;
using AdamWOptions = AdamOptionsOf<true>;
using Adam = OptimizerOf<AdamOptions>;
using AdamW = OptimizerOf<AdamWOptions>;

}  // namespace tinynn::optim
