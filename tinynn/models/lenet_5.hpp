// LeNet-5 as Caffe has it, the variant of the pruning papers: two 5x5 convolutions with 20 and 50 channels
// and no activation, each followed by 2x2 max pooling, then 500 hidden units with ReLU. 431,080 parameters.
// With batch normalisation after each convolution, for pruning by its scales, it has 431,220.
#pragma once

#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/nn/norm.hpp>

namespace tinynn::models {

struct LeNet5 : nn::Module {
  nn::Conv2d conv1{1, 20, 5}, conv2{20, 50, 5};
  nn::Linear fc1{50 * 4 * 4, 500}, fc2{500, 10};

  void members(nn::Visitor& v) override;
  /// (n, 1, 28, 28) to logits (n, 10)
  Tensor forward(const Tensor& x) override;

 protected:
  /// What follows the convolutions: (n, 50, 4, 4) to logits (n, 10)
  Tensor classify(const Tensor& features);
};

struct LeNet5BN : LeNet5 {
  nn::BatchNorm2d bn1{20}, bn2{50};

  void members(nn::Visitor& v) override;
  Tensor forward(const Tensor& x) override;
};

}  // namespace tinynn::models
