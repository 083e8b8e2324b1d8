// Activations as layers, for use in Sequential.
#pragma once

#include <tinynn/nn/module.hpp>
#include <tinynn/ops/activation.hpp>

namespace tinynn::nn {

/// torch.nn.ReLU
struct ReLU : Module {
  Tensor forward(const Tensor& x) override { return relu(x); }
};

}  // namespace tinynn::nn
