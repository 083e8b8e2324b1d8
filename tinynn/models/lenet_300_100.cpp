#include <tinynn/models/lenet_300_100.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn::models {

void LeNet300100::members(nn::Visitor& v) {
  v("fc1", fc1);
  v("fc2", fc2);
  v("fc3", fc3);
}

Tensor LeNet300100::forward(const Tensor& x) {
  Tensor h = relu(fc1(flatten(x)));
  h = relu(fc2(h));
  return fc3(h);
}

}  // namespace tinynn::models
