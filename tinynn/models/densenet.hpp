// A small network in the manner of DenseNet (Huang et al. 2017) for images of 32 x 32 pixels. In a dense
// layer, concat(x, conv(relu(bn(x)))), every layer reads what all layers of its block before it made: three
// blocks of four such layers of 12 channels each, with a 1x1 convolution that halves the channels and 2x2
// average pooling between them, then global average pooling and one linear layer. 76,810 parameters.
#pragma once

#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/sequential.hpp>

namespace tinynn::models {

/// conv(relu(bn(x)))
struct PreActivation : nn::Module {
  PreActivation(int64_t in, int64_t out, int64_t kernel);

  void members(nn::Visitor& v) override;
  Tensor forward(const Tensor& x) override;

  nn::BatchNorm2d bn;
  nn::Conv2d conv;
};

struct DenseNetSmall : nn::Module {
  DenseNetSmall();

  void members(nn::Visitor& v) override;
  /// (n, 3, 32, 32) to logits (n, 10)
  Tensor forward(const Tensor& x) override;

  nn::Conv2d conv{3, 24, 3, {.padding = 1, .bias = false}};
  nn::Sequential dense, transitions;  // twelve layers in three blocks; two transitions between blocks
  nn::BatchNorm2d bn{90};
  nn::Linear fc{90, 10};
};

}  // namespace tinynn::models
