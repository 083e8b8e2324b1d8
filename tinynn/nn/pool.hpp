// Pooling as layers.
#pragma once

#include <tinynn/nn/module.hpp>
#include <tinynn/ops/pool.hpp>

namespace tinynn::nn {

/// torch.nn.MaxPool2d
class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(int64_t kernel, const Pool2dOptions& options = {})
      : kernel_(kernel), options_(options) {}
  Tensor forward(const Tensor& x) override { return max_pool2d(x, kernel_, options_); }

 private:
  int64_t kernel_;
  Pool2dOptions options_;
};

}  // namespace tinynn::nn
