// ConvTranspose2d: what makes images larger, over (n, c, h, w). torch.nn.ConvTranspose2d.
#pragma once

#include <tinynn/core/error.hpp>
#include <tinynn/nn/init.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/ops/conv_transpose2d.hpp>

namespace tinynn::nn {

struct ConvTranspose2dOptions {
  Size2 stride = 1;
  Padding2d padding = 0;
  Size2 output_padding = 0;
  Size2 dilation = 1;
  int64_t groups = 1;
  bool bias = true;
};

class ConvTranspose2d : public Module {
 public:
  /// Starts as PyTorch's does: weight and bias uniform in +-1/sqrt(out/groups * kernel.h * kernel.w).
  /// Throws Error unless `groups` divides both channel counts.
  ConvTranspose2d(int64_t in, int64_t out, const Size2& kernel, const ConvTranspose2dOptions& options = {})
      : stride(options.stride),
        padding(options.padding),
        output_padding(options.output_padding),
        dilation(options.dilation),
        groups_(options.groups),
        one_input_each_(options.groups > 1 && options.groups == in) {
    check(options.groups >= 1 && in % options.groups == 0 && out % options.groups == 0,
          "ConvTranspose2d: ", options.groups, " groups do not divide ", in, " input and ", out,
          " output channels");
    weight = init::default_weight({in, out / options.groups, kernel.h, kernel.w});
    if (options.bias) bias = init::default_bias(weight.shape(), out);
  }

  void members(Visitor& v) override {
    v("weight", weight);
    v("bias", bias);
  }
  /// x (n, in, h, w) to (n, out, oh, ow)
  Tensor forward(const Tensor& x) override {
    const int64_t groups = one_input_each_ ? weight.size(0) : groups_;  // as many as were not cut
    return conv_transpose2d(x, weight.effective(is_training()), bias,
                            {.stride = stride,
                             .padding = padding,
                             .output_padding = output_padding,
                             .dilation = dilation,
                             .groups = groups});
  }

  Parameter weight;  // (in, out/groups, kernel.h, kernel.w)
  Parameter bias;    // (out), undefined without bias
  Size2 stride;
  Padding2d padding;
  Size2 output_padding, dilation;

 private:
  int64_t groups_;
  bool one_input_each_;
};

}  // namespace tinynn::nn
