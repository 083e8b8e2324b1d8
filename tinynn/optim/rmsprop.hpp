// RMSprop (Hinton, unpublished), as torch.optim.RMSprop:
//   g = grad + weight_decay w;   v = alpha v + (1 - alpha) g^2
//   s = g / (sqrt(v) + eps), or g / (sqrt(v - a^2) + eps) when centered, with a = alpha a + (1 - alpha) g
//   w = w - lr s, or with momentum m = momentum m + s, w = w - lr m
#pragma once

#include <tinynn/optim/optimizer.hpp>

namespace tinynn::optim {

struct RMSpropOptions {
  double lr = 1e-2;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;  // L2
  double momentum = 0;
  bool centered = false;
  double l1 = 0;  // proximal L1 on weights with the plain step lr, see Optimizer::step

  int64_t moments() const { return 1 + int64_t{momentum > 0} + int64_t{centered}; }
  void validate() const;
  void update(const Optimizer::Slot& slot) const;
};

using RMSprop = OptimizerOf<RMSpropOptions>;

}  // namespace tinynn::optim
