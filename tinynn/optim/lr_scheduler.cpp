#include <algorithm>
#include <cmath>
#include <numbers>

#include <tinynn/core/error.hpp>
#include <tinynn/optim/lr_scheduler.hpp>

namespace tinynn::optim {
namespace {

// How much of so many steps is done, at most 1.
double share(int64_t at, int64_t steps) {
  return at >= steps ? 1.0 : static_cast<double>(at) / static_cast<double>(steps);
}

}  // namespace

LrSchedule constant() {
  return [](int64_t) { return 1.0; };
}

LrSchedule cosine(const CosineOptions& options) {
  check(options.steps >= options.warmup && options.warmup >= 0, "cosine schedule: ", options.warmup,
        " steps of warm-up do not fit into ", options.steps, " steps");
  return [options](int64_t at) {
    if (at < options.warmup) return static_cast<double>(at + 1) / static_cast<double>(options.warmup);
    const double done = share(at - options.warmup, options.steps - options.warmup);
    return options.end + (1 - options.end) * 0.5 * (1 + std::cos(std::numbers::pi * done));
  };
}

LrSchedule linear(const LinearOptions& options) {
  check(options.steps >= 0, "linear schedule: ", options.steps, " steps, expected 0 or more");
  return [options](int64_t at) {
    return options.start + (options.end - options.start) * share(at, options.steps);
  };
}

LrSchedule step(const StepOptions& options) {
  check(options.every > 0, "step schedule: every ", options.every, " steps, expected at least 1");
  return [options](int64_t at) {
    const int64_t falls = at / options.every;
    return std::pow(options.gamma, static_cast<double>(falls));
  };
}

LrSchedule multi_step(std::vector<int64_t> milestones, double gamma) {
  check(std::ranges::is_sorted(milestones), "multi_step schedule: the milestones must ascend");
  return [milestones = std::move(milestones), gamma](int64_t at) {
    const auto passed = std::ranges::upper_bound(milestones, at) - milestones.begin();
    return std::pow(gamma, static_cast<double>(passed));
  };
}

LrScheduler::LrScheduler(Optimizer& optimizer, LrSchedule schedule)
    : optimizer_(&optimizer), schedule_(std::move(schedule)) {
  for (int64_t group = 0; group < optimizer.groups(); ++group) base_lr_.push_back(optimizer.lr(group));
  apply();
}

void LrScheduler::step() {
  ++step_;
  apply();
}

void LrScheduler::state(StateVisitor& visit) {
  visit.each("base_lr", base_lr_);
  visit("step", step_);
}

void LrScheduler::apply() {
  for (int64_t group = 0; group < optimizer_->groups(); ++group) {
    optimizer_->set_lr(base_lr_[group] * schedule_(step_), group);
  }
}

}  // namespace tinynn::optim
