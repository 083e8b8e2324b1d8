// Conv1d: 1-D convolution over (n, c, l). torch.nn.Conv1d.
#pragma once

#include <tinynn/core/error.hpp>
#include <tinynn/nn/init.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/ops/conv2d.hpp>

namespace tinynn::nn {

struct Conv1dOptions {
  int64_t stride = 1;
  int64_t padding = 0;  // zeros at both ends
  int64_t dilation = 1;
  int64_t groups = 1;
  bool bias = true;
};

class Conv1d : public Module {
 public:
  /// Starts as PyTorch's does: weight and bias uniform in +-1/sqrt(in/groups * kernel).
  /// Throws Error unless `groups` divides both channel counts.
  Conv1d(int64_t in, int64_t out, int64_t kernel, const Conv1dOptions& options = {})
      : stride(options.stride),
        padding(options.padding),
        dilation(options.dilation),
        grouped_(options.groups > 1) {
    check(options.groups >= 1 && in % options.groups == 0 && out % options.groups == 0,
          "Conv1d: ", options.groups, " groups do not divide ", in, " input and ", out, " output channels");
    weight = init::default_weight({out, in / options.groups, kernel});
    if (options.bias) bias = init::default_bias(weight.shape());
  }

  void members(Visitor& v) override {
    v("weight", weight);
    v("bias", bias);
  }
  /// x (n, in, l) to (n, out, ol)
  Tensor forward(const Tensor& x) override {
    check(x.rank() == 3, "Conv1d: input ", x.shape(), " is not (n, c, l)");
    return conv1d(x, weight.effective(is_training()), bias,
                  {.stride = stride,
                   .padding = padding,
                   .dilation = dilation,
                   .groups = conv_groups("Conv1d", grouped_, x.shape(), weight.shape())});
  }

  Parameter weight;  // (out, in/groups, kernel)
  Parameter bias;    // (out), undefined without bias
  int64_t stride, padding, dilation;

 private:
  bool grouped_;
};

}  // namespace tinynn::nn
