// Linear: y = x weight^T + bias. torch.nn.Linear.
#pragma once

#include <tinynn/nn/init.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/ops/linear.hpp>

namespace tinynn::nn {

struct LinearOptions {
  bool bias = true;
};

class Linear : public Module {
 public:
  /// Starts as PyTorch's does: weight and bias uniform in +-1/sqrt(in).
  Linear(int64_t in, int64_t out, const LinearOptions& options = {})
      : weight(init::default_weight({out, in})) {
    if (options.bias) bias = init::default_bias(weight.shape());
  }

  void members(Visitor& v) override {
    v("weight", weight);
    v("bias", bias);
  }
  /// x (..., in) to (..., out)
  Tensor forward(const Tensor& x) override { return linear(x, weight.effective(is_training()), bias); }

  Parameter weight;  // (out, in): the layer has no other record of its sizes
  Parameter bias;    // (out), undefined without bias
};

}  // namespace tinynn::nn
