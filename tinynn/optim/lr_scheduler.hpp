// Learning-rate schedules. A LrSchedule gives the factor on the base learning rate at a step counted from 0;
// what a step is (a batch, an epoch) is up to the caller of LrScheduler::step(). torch.optim.lr_scheduler.
#pragma once

#include <functional>

#include <tinynn/optim/optimizer.hpp>

namespace tinynn::optim {

using LrSchedule = std::function<double(int64_t step)>;

LrSchedule constant();

struct CosineOptions {
  int64_t steps;       // in all, warm-up included
  int64_t warmup = 0;  // linear from 1/warmup to 1 over the first steps
  double end = 0;      // the last factor
};
/// Half a cosine from 1 down to `end` after a linear warm-up (Loshchilov & Hutter 2017).
LrSchedule cosine(const CosineOptions& options);

struct OneCycleOptions {
  int64_t steps;        // in all
  double rise = 0.3;    // the fraction of them before the highest rate
  double start = 0.04;  // the first factor
  double end = 4e-6;    // the last
};
/// Half a cosine from `start` up to 1, and half a cosine down to `end` (Smith & Topin 2018).
/// torch.optim.lr_scheduler.OneCycleLR, whose max_lr is the base rate, with the defaults of div_factor and
/// final_div_factor.
LrSchedule one_cycle(const OneCycleOptions& options);

struct FlatCosineOptions {
  int64_t steps;       // in all, warm-up included
  int64_t warmup = 0;  // linear from 1/warmup to 1 over the first steps
  double fall = 0.5;   // the fraction of the steps, the last ones, in which the rate falls
};
/// A linear warm-up, a constant rate, and half a cosine from 1 down to 0.
LrSchedule flat_cosine(const FlatCosineOptions& options);

struct LinearOptions {
  int64_t steps;
  double start = 1, end = 0;
};
/// A straight line from `start` to `end`, constant afterwards.
LrSchedule linear(const LinearOptions& options);

struct StepOptions {
  int64_t every;
  double gamma = 0.1;
};
/// Times `gamma` every so many steps.
LrSchedule step(const StepOptions& options);
/// Times `gamma` at each of the milestones (ascending).
LrSchedule multi_step(std::vector<int64_t> milestones, double gamma = 0.1);

/// Sets the learning rate of each of an optimizer's groups to its base rate times the schedule. The optimizer
/// must outlive it.
class LrScheduler {
 public:
  /// The present rates are the base; the factor of step 0 applies at once.
  LrScheduler(Optimizer& optimizer, LrSchedule schedule);
  void step();
  /// Base rates and steps; the rates themselves are the optimizer's.
  void state(StateVisitor& visit);

 private:
  void apply();
  Optimizer* optimizer_;
  LrSchedule schedule_;
  std::vector<double> base_lr_;  // of each group
  int64_t step_ = 0;
};

}  // namespace tinynn::optim
