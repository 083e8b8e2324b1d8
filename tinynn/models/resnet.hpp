// ResNet-20 for CIFAR (He et al. 2016, section 4.2): a 3x3 convolution, three stages of three basic blocks
// with 16, 32 and 64 channels, the later two starting with stride 2, global average pooling and one linear
// layer. 272,474 parameters. Names and initialisation are those of torchvision's resnet. Where a block
// changes the number of channels its shortcut is a 1x1 convolution with normalisation (option B of the paper)
// rather than zero-padded channels (option A, 269,722 parameters): channels that a layer makes can be pruned.
#pragma once

#include <cstdint>

#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/sequential.hpp>

namespace tinynn::models {

/// relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)); the shortcut is x itself, or `downsample` if the
/// shape changes.
struct BasicBlock : nn::Module {
  BasicBlock(int64_t in, int64_t out, int64_t stride);

  void members(nn::Visitor& v) override;
  Tensor forward(const Tensor& x) override;

  nn::Conv2d conv1, conv2;
  nn::BatchNorm2d bn1, bn2;
  nn::Sequential downsample;  // empty, or convolution "0" and normalisation "1"
};

struct ResNet20 : nn::Module {
  ResNet20();

  void members(nn::Visitor& v) override;
  /// (n, 3, 32, 32) to logits (n, 10)
  Tensor forward(const Tensor& x) override;

  nn::Conv2d conv1;
  nn::BatchNorm2d bn1{16};
  nn::Sequential layer1, layer2, layer3;
  nn::Linear fc{64, 10};
};

}  // namespace tinynn::models
