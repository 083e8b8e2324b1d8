// SimpleCNN: the small convolutional network of the pruning tutorials, 4 and 8 channels of 3x3 convolution
// with ReLU and 2x2 max pooling, then 64 hidden units. 26,138 parameters.
#pragma once

#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/module.hpp>

namespace tinynn::models {

struct SimpleCNN : nn::Module {
  nn::Conv2d conv1{1, 4, 3, {.padding = 1}}, conv2{4, 8, 3, {.padding = 1}};
  nn::Linear fc1{8 * 7 * 7, 64}, fc2{64, 10};

  void members(nn::Visitor& v) override;
  /// (n, 1, 28, 28) to logits (n, 10)
  Tensor forward(const Tensor& x) override;
};

}  // namespace tinynn::models
