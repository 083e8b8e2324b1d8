// The networks of tinynn/models/ in libtorch, with the same structure and the same names of parameters.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <torch/torch.h>

namespace peer {

struct Network : torch::nn::Module {
  virtual torch::Tensor forward(torch::Tensor x) = 0;
};

struct LeNet300100 : Network {
  torch::nn::Linear fc1{784, 300}, fc2{300, 100}, fc3{100, 10};

  LeNet300100() {
    register_module("fc1", fc1);
    register_module("fc2", fc2);
    register_module("fc3", fc3);
  }
  torch::Tensor forward(torch::Tensor x) override {
    return fc3(torch::relu(fc2(torch::relu(fc1(x.flatten(1))))));
  }
};

struct LeNet5 : Network {
  torch::nn::Conv2d conv1{torch::nn::Conv2dOptions(1, 20, 5)}, conv2{torch::nn::Conv2dOptions(20, 50, 5)};
  torch::nn::Linear fc1{50 * 4 * 4, 500}, fc2{500, 10};

  LeNet5() {
    register_module("conv1", conv1);
    register_module("conv2", conv2);
    register_module("fc1", fc1);
    register_module("fc2", fc2);
  }
  torch::Tensor forward(torch::Tensor x) override {
    x = torch::max_pool2d(conv1(x), 2);
    x = torch::max_pool2d(conv2(x), 2);
    return fc2(torch::relu(fc1(x.flatten(1))));
  }
};

struct SimpleCNN : Network {
  torch::nn::Conv2d conv1{torch::nn::Conv2dOptions(1, 4, 3).padding(1)},
      conv2{torch::nn::Conv2dOptions(4, 8, 3).padding(1)};
  torch::nn::Linear fc1{8 * 7 * 7, 64}, fc2{64, 10};

  SimpleCNN() {
    register_module("conv1", conv1);
    register_module("conv2", conv2);
    register_module("fc1", fc1);
    register_module("fc2", fc2);
  }
  torch::Tensor forward(torch::Tensor x) override {
    x = torch::max_pool2d(torch::relu(conv1(x)), 2);
    x = torch::max_pool2d(torch::relu(conv2(x)), 2);
    return fc2(torch::relu(fc1(x.flatten(1))));
  }
};

inline torch::nn::Conv2d convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return torch::nn::Conv2d(
      torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

// The activations work in place, as in torchvision's resnet: it saves the peer time and memory.
struct BasicBlock : torch::nn::Module {
  torch::nn::Conv2d conv1, conv2;
  torch::nn::BatchNorm2d bn1, bn2;
  torch::nn::Sequential downsample;

  BasicBlock(int64_t in, int64_t out, int64_t stride)
      : conv1(convolution(in, out, 3, stride)), conv2(convolution(out, out, 3, 1)), bn1(out), bn2(out) {
    register_module("conv1", conv1);
    register_module("bn1", bn1);
    register_module("conv2", conv2);
    register_module("bn2", bn2);
    if (in == out && stride == 1) return;
    downsample->push_back(convolution(in, out, 1, stride));
    downsample->push_back(torch::nn::BatchNorm2d(out));
    register_module("downsample", downsample);
  }
  torch::Tensor forward(torch::Tensor x) {
    const torch::Tensor shortcut = downsample->is_empty() ? x : downsample->forward(x);
    x = bn2(conv2(bn1(conv1(x)).relu_()));
    return x.add_(shortcut).relu_();
  }
};

inline torch::nn::Sequential stage(int64_t in, int64_t out, int64_t stride) {
  return torch::nn::Sequential(BasicBlock(in, out, stride), BasicBlock(out, out, 1), BasicBlock(out, out, 1));
}

struct ResNet20 : Network {
  torch::nn::Conv2d conv1 = convolution(3, 16, 3, 1);
  torch::nn::BatchNorm2d bn1{16};
  torch::nn::Sequential layer1 = stage(16, 16, 1), layer2 = stage(16, 32, 2), layer3 = stage(32, 64, 2);
  torch::nn::Linear fc{64, 10};

  ResNet20() {
    register_module("conv1", conv1);
    register_module("bn1", bn1);
    register_module("layer1", layer1);
    register_module("layer2", layer2);
    register_module("layer3", layer3);
    register_module("fc", fc);
  }
  torch::Tensor forward(torch::Tensor x) override {
    x = bn1(conv1(x)).relu_();
    x = layer3->forward(layer2->forward(layer1->forward(x)));
    return fc(torch::adaptive_avg_pool2d(x, {1, 1}).flatten(1));
  }
};

/// The network that tinynn::models::make() knows by this name.
inline std::unique_ptr<Network> make_network(const std::string& name) {
  if (name == "lenet-300-100") return std::make_unique<LeNet300100>();
  if (name == "lenet-5") return std::make_unique<LeNet5>();
  if (name == "simple-cnn") return std::make_unique<SimpleCNN>();
  TORCH_CHECK(name == "resnet-20", "no libtorch network named ", name);
  return std::make_unique<ResNet20>();
}

}  // namespace peer
