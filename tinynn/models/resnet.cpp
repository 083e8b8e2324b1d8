#include <cmath>

#include <tinynn/models/resnet.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn::models {
namespace {

// As torchvision: normal with variance 2 / (out kh kw), which keeps gradients from growing (kaiming,
// fan-out).
nn::Conv2d convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  nn::Conv2d conv(in, out, kernel, {.stride = stride, .padding = kernel / 2, .bias = false});
  const auto fan_out = static_cast<double>(out * kernel * kernel);
  conv.weight.assign(randn(conv.weight.shape(), 0, std::sqrt(2 / fan_out)));
  return conv;
}

nn::Sequential stage(int64_t in, int64_t out, int64_t stride) {
  return nn::Sequential{BasicBlock(in, out, stride), BasicBlock(out, out, 1), BasicBlock(out, out, 1)};
}

}  // namespace

BasicBlock::BasicBlock(int64_t in, int64_t out, int64_t stride)
    : conv1(convolution(in, out, 3, stride)), conv2(convolution(out, out, 3, 1)), bn1(out), bn2(out) {
  if (in != out || stride != 1) {
    downsample = nn::Sequential{convolution(in, out, 1, stride), nn::BatchNorm2d(out)};
  }
}

void BasicBlock::members(nn::Visitor& v) {
  v("conv1", conv1);
  v("bn1", bn1);
  v("conv2", conv2);
  v("bn2", bn2);
  if (downsample.size() > 0) v("downsample", downsample);
}

Tensor BasicBlock::forward(const Tensor& x) {
  const Tensor h = bn2(conv2(relu(bn1(conv1(x)))));
  return relu(h + downsample(x));
}

ResNet20::ResNet20()
    : conv1(convolution(3, 16, 3, 1)),
      layer1(stage(16, 16, 1)),
      layer2(stage(16, 32, 2)),
      layer3(stage(32, 64, 2)) {}

void ResNet20::members(nn::Visitor& v) {
  v("conv1", conv1);
  v("bn1", bn1);
  v("layer1", layer1);
  v("layer2", layer2);
  v("layer3", layer3);
  v("fc", fc);
}

Tensor ResNet20::forward(const Tensor& x) {
  Tensor h = relu(bn1(conv1(x)));
  h = layer3(layer2(layer1(h)));
  return fc(flatten(adaptive_avg_pool2d(h, {1, 1})));
}

}  // namespace tinynn::models
