// A small network in the manner of VGG (Simonyan & Zisserman 2015) for images of 32 x 32 pixels: six 3x3
// convolutions with normalisation and ReLU, two each with 32, 64 and 128 channels and 2x2 max pooling after
// each pair, then 128 hidden units. 551,018 parameters.
#pragma once

#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/nn/sequential.hpp>

namespace tinynn::models {

struct VggSmall : nn::Module {
  VggSmall();

  void members(nn::Visitor& v) override;
  /// (n, 3, 32, 32) to logits (n, 10)
  Tensor forward(const Tensor& x) override;

  nn::Sequential features;
  nn::Linear fc1{128 * 4 * 4, 128}, fc2{128, 10};
};

}  // namespace tinynn::models
