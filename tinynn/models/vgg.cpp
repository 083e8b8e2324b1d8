#include <tinynn/models/vgg.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn::models {

VggSmall::VggSmall() {
  int64_t in = 3;
  for (const int64_t out : {32, 64, 128}) {
    for (int i = 0; i < 2; ++i, in = out) {
      features.add(nn::Conv2d(in, out, 3, {.padding = 1, .bias = false}));
      features.add(nn::BatchNorm2d(out));
      features.add(nn::ReLU());
    }
    features.add(nn::MaxPool2d(2));
  }
}

void VggSmall::members(nn::Visitor& v) { v("features", features), v("fc1", fc1), v("fc2", fc2); }

Tensor VggSmall::forward(const Tensor& x) { return fc2(relu(fc1(flatten(features(x))))); }

}  // namespace tinynn::models
