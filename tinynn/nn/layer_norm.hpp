// Layer normalisation (Ba et al. 2016): each sample is brought to mean 0 and variance 1 over its last
// dimensions, then scaled by `weight` and shifted by `bias`, both learned.
#pragma once

#include <tinynn/core/error.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/ops/norm.hpp>

namespace tinynn::nn {

struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;  // false: no weight and bias
  bool bias = true;
};

/// x (..., normalized_shape) to the same shape. torch.nn.LayerNorm
class LayerNorm : public Module {
 public:
  /// The sizes of the last dimensions, which nothing can cut.
  explicit LayerNorm(const Shape& normalized_shape, const LayerNormOptions& options = {})
      : eps(options.eps), shape_(normalized_shape) {
    check(shape_.rank() >= 1, "LayerNorm: the normalized shape has no dimension, expected one at least");
    if (!options.elementwise_affine) return;
    weight = Parameter(ones(shape_));
    if (options.bias) bias = Parameter(zeros(shape_));
  }
  explicit LayerNorm(int64_t features, const LayerNormOptions& options = {})
      : LayerNorm(Shape{features}, options) {}

  void members(Visitor& v) override {
    v("weight", weight);
    v("bias", bias);
  }
  Tensor forward(const Tensor& x) override {
    const int64_t before = x.rank() - shape_.rank();
    check(before >= 0 && Shape(std::span(x.shape().begin() + before, x.shape().end())) == shape_,
          "LayerNorm: input ", x.shape(), " does not end with ", shape_);
    return layer_norm(x, shape_.rank(), weight, bias, eps);
  }

  Parameter weight, bias;  // (normalized_shape), start at 1 and 0; undefined if not wanted
  double eps;

 private:
  Shape shape_;
};

}  // namespace tinynn::nn
