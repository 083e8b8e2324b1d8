// Parametric relu (He et al. 2015): the slope below 0 is learned.
#pragma once

#include <tinynn/nn/module.hpp>
#include <tinynn/ops/prelu.hpp>

namespace tinynn::nn {

/// One slope for all, or as many as x (n, c, ...) has channels. torch.nn.PReLU
class PReLU : public Module {
 public:
  explicit PReLU(int64_t num_parameters = 1, double init = 0.25) : weight(full({num_parameters}, init)) {}

  void members(Visitor& v) override { v("weight", weight); }
  Tensor forward(const Tensor& x) override { return prelu(x, weight.effective(is_training())); }

  Parameter weight;  // (num_parameters)
};

}  // namespace tinynn::nn
