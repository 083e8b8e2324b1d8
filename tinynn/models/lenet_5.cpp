#include <tinynn/models/lenet_5.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn::models {

void LeNet5::members(nn::Visitor& v) {
  v("conv1", conv1);
  v("conv2", conv2);
  v("fc1", fc1);
  v("fc2", fc2);
}

Tensor LeNet5::forward(const Tensor& x) {
  Tensor h = max_pool2d(conv1(x), 2);
  h = max_pool2d(conv2(h), 2);
  return classify(h);
}

Tensor LeNet5::classify(const Tensor& features) { return fc2(relu(fc1(flatten(features)))); }

void LeNet5BN::members(nn::Visitor& v) {
  v("conv1", conv1);
  v("bn1", bn1);
  v("conv2", conv2);
  v("bn2", bn2);
  v("fc1", fc1);
  v("fc2", fc2);
}

Tensor LeNet5BN::forward(const Tensor& x) {
  Tensor h = max_pool2d(bn1(conv1(x)), 2);
  h = max_pool2d(bn2(conv2(h)), 2);
  return classify(h);
}

}  // namespace tinynn::models
