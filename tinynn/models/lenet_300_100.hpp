// LeNet-300-100: the fully connected network of LeCun et al. 1998 that pruning papers measure themselves on,
// 784-300-100-10 with ReLU, 266,610 parameters.
#pragma once

#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/module.hpp>

namespace tinynn::models {

struct LeNet300100 : nn::Module {
  nn::Linear fc1{784, 300}, fc2{300, 100}, fc3{100, 10};

  void members(nn::Visitor& v) override;
  /// (n, 1, 28, 28) or (n, 784) to logits (n, 10)
  Tensor forward(const Tensor& x) override;
};

}  // namespace tinynn::models
