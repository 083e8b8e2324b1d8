// ExponentialMovingAverage: a running average of the weights, which often generalises better than the last
// ones:
//   average = decay average + (1 - decay) w after every step, starting from the weights of the first
//   update().
// torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn. The averages are kept like an optimizer's
// moments, so pruning zeroes them and cutting a parameter cuts them.
#pragma once

#include <memory>
#include <vector>

#include <tinynn/autograd/parameter.hpp>

namespace tinynn::optim {

class ExponentialMovingAverage {
 public:
  /// Throws Error unless 0 <= decay < 1.
  explicit ExponentialMovingAverage(std::vector<Parameter> parameters, double decay = 0.999);

  /// To be called after Optimizer::step().
  void update();
  /// Exchanges weights and averages: once before an evaluation, and once more to train on.
  /// Throws Error if there was no update() yet.
  void swap();

 private:
  std::vector<Parameter> parameters_;
  std::vector<std::shared_ptr<autograd::Moments>> averages_;  // one tensor for each parameter
  double decay_;
  bool started_ = false;
};

}  // namespace tinynn::optim
