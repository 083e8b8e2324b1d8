// Conv2d: 2-D convolution over (n, c, h, w). torch.nn.Conv2d.
#pragma once

#include <tinynn/core/error.hpp>
#include <tinynn/nn/init.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/ops/conv2d.hpp>

namespace tinynn::nn {

struct Conv2dOptions {
  Size2 stride = 1;
  Padding2d padding = 0;  // zeros on every side
  Size2 dilation = 1;
  int64_t groups = 1;
  bool bias = true;
};

class Conv2d : public Module {
 public:
  /// Starts as PyTorch's does: weight and bias uniform in +-1/sqrt(in/groups * kernel.h * kernel.w).
  /// Throws Error unless `groups` divides both channel counts.
  Conv2d(int64_t in, int64_t out, const Size2& kernel, const Conv2dOptions& options = {})
      : stride(options.stride),
        padding(options.padding),
        dilation(options.dilation),
        grouped_(options.groups > 1) {
    check(options.groups >= 1 && in % options.groups == 0 && out % options.groups == 0,
          "Conv2d: ", options.groups, " groups do not divide ", in, " input and ", out, " output channels");
    weight = init::default_weight({out, in / options.groups, kernel.h, kernel.w});
    if (options.bias) bias = init::default_bias(weight.shape());
  }

  void members(Visitor& v) override {
    v("weight", weight);
    v("bias", bias);
  }
  /// x (n, in, h, w) to (n, out, oh, ow)
  Tensor forward(const Tensor& x) override {
    check(x.rank() == 4, "Conv2d: input ", x.shape(), " is not (n, c, h, w)");
    return conv2d(x, weight.effective(is_training()), bias,
                  {.stride = stride,
                   .padding = padding,
                   .dilation = dilation,
                   .groups = conv_groups("Conv2d", grouped_, x.shape(), weight.shape())});
  }

  Parameter weight;  // (out, in/groups, kernel.h, kernel.w)
  Parameter bias;    // (out), undefined without bias
  Size2 stride;
  Padding2d padding;
  Size2 dilation;

 private:
  bool grouped_;
};

}  // namespace tinynn::nn
