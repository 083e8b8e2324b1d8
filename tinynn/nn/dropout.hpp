// Dropout (Srivastava et al. 2014) as a layer. torch.nn.Dropout.
#pragma once

#include <tinynn/core/error.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/ops/dropout.hpp>

namespace tinynn::nn {

/// In training, zeroes each element with probability p and scales the others by 1 / (1 - p); in evaluation
/// the identity. Throws Error unless 0 <= p <= 1.
struct Dropout : Module {
  explicit Dropout(double probability = 0.5) : p(probability) {
    check(p >= 0 && p <= 1, "Dropout: the probability ", p, " is not between 0 and 1");
  }
  Tensor forward(const Tensor& x) override { return dropout(x, p, is_training()); }

  double p;
};

}  // namespace tinynn::nn
