// Flatten as a layer: (n, c, h, w) to (n, c*h*w). torch.nn.Flatten.
#pragma once

#include <tinynn/nn/module.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn::nn {

struct Flatten : Module {
  Tensor forward(const Tensor& x) override { return flatten(x); }
};

}  // namespace tinynn::nn
