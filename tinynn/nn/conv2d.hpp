// Conv2d: 2-D convolution over (n, c, h, w). torch.nn.Conv2d.
#pragma once

#include <tinynn/nn/module.hpp>
#include <tinynn/ops/conv2d.hpp>

namespace tinynn::nn {

struct Conv2dOptions {
  int64_t stride = 1;
  int64_t padding = 0;  // zeros on every side
  int64_t dilation = 1;
  int64_t groups = 1;
  bool bias = true;
};

class Conv2d : public Module {
 public:
  /// Starts as PyTorch's does: weight and bias uniform in +-1/sqrt(in/groups * kernel^2).
  /// Throws Error unless `groups` divides both channel counts.
  Conv2d(int64_t in, int64_t out, int64_t kernel, const Conv2dOptions& options = {});

  void members(Visitor& v) override;
  /// x (n, in, h, w) to (n, out, oh, ow)
  Tensor forward(const Tensor& x) override;

  Parameter weight;  // (out, in/groups, kernel, kernel)
  Parameter bias;    // (out), undefined without bias
  int64_t stride, padding, dilation;

 private:
  bool grouped_;
};

}  // namespace tinynn::nn
