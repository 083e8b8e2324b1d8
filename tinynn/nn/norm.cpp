#include <tinynn/core/error.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/ops/norm.hpp>

namespace tinynn::nn {

BatchNorm::BatchNorm(int64_t channels, const BatchNormOptions& options, const char* name, int64_t min_rank,
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

void BatchNorm::members(Visitor& v) {
  v("weight", weight);
  v("bias", bias);
  v("running_mean", running_mean);
  v("running_var", running_var);
}

Tensor BatchNorm::forward(const Tensor& x) {
  check(x.rank() >= min_rank_ && x.rank() <= max_rank_, name_, ": input ", x.shape(), " is not ",
        max_rank_ == 4 ? "(n, c, h, w)" : "(n, c) or (n, c, l)");
  return batch_norm(x, running_mean, running_var, weight, bias,
                    {.training = is_training() || !running_mean.defined(), .momentum = momentum, .eps = eps});
}

}  // namespace tinynn::nn
