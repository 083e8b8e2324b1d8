// Batch normalisation (Ioffe & Szegedy 2015): each channel is brought to mean 0 and variance 1, then scaled
// by `weight` and shifted by `bias`, both learned. In training the statistics are those of the batch;
// evaluation uses running averages of them, which are buffers: saved and cloned, not trained.
#pragma once

#include <tinynn/core/error.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/ops/norm.hpp>

namespace tinynn::nn {

struct BatchNormOptions {
  double eps = 1e-5;
  double momentum = 0.1;
  bool affine = true;               // false: no weight and bias
  bool track_running_stats = true;  // false: the batch's own statistics in evaluation, too
};

/// What the two have in common; see there.
class BatchNorm : public Module {
 public:
  void members(Visitor& v) override {
    v("weight", weight);
    v("bias", bias);
    v("running_mean", running_mean);
    v("running_var", running_var);
  }
  Tensor forward(const Tensor& x) override {
    check(x.rank() >= min_rank_ && x.rank() <= max_rank_, name_, ": input ", x.shape(), " is not ",
          max_rank_ == 4 ? "(n, c, h, w)" : "(n, c) or (n, c, l)");
    return batch_norm(
        x, running_mean, running_var, weight, bias,
        {.training = is_training() || !running_mean.defined(), .momentum = momentum, .eps = eps});
  }

  Parameter weight, bias;            // (channels), start at 1 and 0; undefined unless affine
  Tensor running_mean, running_var;  // (channels), start at 0 and 1; undefined unless tracked
  double eps, momentum;

 protected:
  BatchNorm(int64_t channels, const BatchNormOptions& options, const char* name, int64_t min_rank,
            int64_t max_rank)
      : eps(options.eps), momentum(options.momentum), name_(name), min_rank_(min_rank), max_rank_(max_rank) {
    if (options.affine) {
      weight = Parameter(ones({channels}));
      bias = Parameter(zeros({channels}));
    }
    if (options.track_running_stats) {
      running_mean = zeros({channels});
      running_var = ones({channels});
    }
  }

 private:
  const char* name_;
  int64_t min_rank_, max_rank_;
};

/// x (n, c) or (n, c, l) to the same shape. torch.nn.BatchNorm1d
class BatchNorm1d : public BatchNorm {
 public:
  explicit BatchNorm1d(int64_t channels, const BatchNormOptions& options = {})
      : BatchNorm(channels, options, "BatchNorm1d", 2, 3) {}
};

/// x (n, c, h, w) to the same shape. torch.nn.BatchNorm2d
class BatchNorm2d : public BatchNorm {
 public:
  explicit BatchNorm2d(int64_t channels, const BatchNormOptions& options = {})
      : BatchNorm(channels, options, "BatchNorm2d", 4, 4) {}
};

}  // namespace tinynn::nn
