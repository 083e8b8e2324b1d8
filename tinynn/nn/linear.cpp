#include <tinynn/nn/init.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/ops/linear.hpp>

namespace tinynn::nn {

Linear::Linear(int64_t in, int64_t out, const LinearOptions& options)
    : weight(init::default_weight({out, in})) {
  if (options.bias) bias = init::default_bias(weight.shape());
}

void Linear::members(Visitor& v) {
  v("weight", weight);
  v("bias", bias);
}

Tensor Linear::forward(const Tensor& x) { return linear(x, weight.effective(is_training()), bias); }

}  // namespace tinynn::nn
