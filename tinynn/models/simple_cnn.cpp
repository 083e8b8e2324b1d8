#include <tinynn/models/simple_cnn.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn::models {

void SimpleCNN::members(nn::Visitor& v) {
  v("conv1", conv1);
  v("conv2", conv2);
  v("fc1", fc1);
  v("fc2", fc2);
}

Tensor SimpleCNN::forward(const Tensor& x) {
  Tensor h = max_pool2d(relu(conv1(x)), 2);
  h = max_pool2d(relu(conv2(h)), 2);
  return fc2(relu(fc1(flatten(h))));
}

}  // namespace tinynn::models
