// Group normalisation (Wu & He 2018): each group of channels of a sample is brought to mean 0 and variance 1,
// then every channel is scaled by `weight` and shifted by `bias`, both learned. Groups can be deleted, as a
// whole: the layer knows how many channels each has, and finds how many there are from its input.
#pragma once

#include <tinynn/core/error.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/ops/norm.hpp>

namespace tinynn::nn {

struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true;  // false: no weight and bias
};

/// x (n, c, ...) to the same shape. torch.nn.GroupNorm
class GroupNorm : public Module {
 public:
  GroupNorm(int64_t groups, int64_t channels, const GroupNormOptions& options = {}) : eps(options.eps) {
    check(groups >= 1 && channels >= 1 && channels % groups == 0, "GroupNorm: ", groups,
          " groups do not divide ", channels, " channels");
    channels_per_group_ = channels / groups;
    if (!options.affine) return;
    weight = Parameter(ones({channels}));
    bias = Parameter(zeros({channels}));
  }

  void members(Visitor& v) override {
    v("weight", weight);
    v("bias", bias);
  }
  Tensor forward(const Tensor& x) override {
    check(x.rank() >= 2 && x.size(1) % channels_per_group_ == 0, "GroupNorm: input ", x.shape(),
          " is not (n, c, ...) with groups of ", channels_per_group_, " channels");
    return group_norm(x, x.size(1) / channels_per_group_, weight, bias, eps);
  }

  Parameter weight, bias;  // (channels), start at 1 and 0; undefined unless affine
  double eps;

 private:
  int64_t channels_per_group_;
};

}  // namespace tinynn::nn
