// Pooling as layers.
#pragma once

#include <array>

#include <tinynn/nn/module.hpp>
#include <tinynn/ops/pool.hpp>

namespace tinynn::nn {

/// torch.nn.MaxPool2d
class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(const Size2& kernel, const Pool2dOptions& options = {})
      : kernel_(kernel), options_(options) {}
  Tensor forward(const Tensor& x) override { return max_pool2d(x, kernel_, options_); }

 private:
  Size2 kernel_;
  Pool2dOptions options_;
};

/// torch.nn.AvgPool2d
class AvgPool2d : public Module {
 public:
  explicit AvgPool2d(const Size2& kernel, const AvgPool2dOptions& options = {})
      : kernel_(kernel), options_(options) {}
  Tensor forward(const Tensor& x) override { return avg_pool2d(x, kernel_, options_); }

 private:
  Size2 kernel_;
  AvgPool2dOptions options_;
};

/// torch.nn.AdaptiveAvgPool2d
class AdaptiveAvgPool2d : public Module {
 public:
  explicit AdaptiveAvgPool2d(int64_t size) : AdaptiveAvgPool2d(size, size) {}
  AdaptiveAvgPool2d(int64_t oh, int64_t ow) : size_{oh, ow} {}
  Tensor forward(const Tensor& x) override { return adaptive_avg_pool2d(x, size_); }

 private:
  std::array<int64_t, 2> size_;
};

}  // namespace tinynn::nn
