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

// A warm-up: 1/warmup, 2/warmup ... 1.
double warming(int64_t at, int64_t warmup) {
  return static_cast<double>(at + 1) / static_cast<double>(warmup);
}

// Half a cosine from one factor to another.
double half_cosine(double from, double to, double done) {
  return to + (from - to) * 0.5 * (1 + std::cos(std::numbers::pi * done));
}

}  // namespace

LrSchedule constant() {
  return [](int64_t) { return 1.0; };
}

LrSchedule cosine(const CosineOptions& options) {
  check(options.steps >= options.warmup && options.warmup >= 0, "cosine schedule: ", options.warmup,
        " steps of warm-up do not fit into ", options.steps, " steps");
  return [options](int64_t at) {
    if (at < options.warmup) return warming(at, options.warmup);
    return half_cosine(1, options.end, share(at - options.warmup, options.steps - options.warmup));
  };
}

LrSchedule one_cycle(const OneCycleOptions& options) {
  check(options.steps >= 0 && options.rise > 0 && options.rise < 1, "one-cycle schedule: ", options.steps,
        " steps, of which ", options.rise, " rise, expected 0 or more and a fraction between 0 and 1");
  // PyTorch's last steps of both parts, counted from 0.
  const double last = static_cast<double>(options.steps) - 1,
               top = std::max(1e-9, options.rise * static_cast<double>(options.steps) - 1);
  return [options, last, top](int64_t step) {
    const auto at = static_cast<double>(step);
    if (at <= top && at < last) return half_cosine(options.start, 1, at / top);
    return at >= last ? options.end : half_cosine(1, options.end, (at - top) / (last - top));
  };
}

LrSchedule flat_cosine(const FlatCosineOptions& options) {
  check(options.warmup >= 0 && options.fall >= 0 && options.fall <= 1,
        "flat-cosine schedule: ", options.warmup, " steps of warm-up and a fall over ", options.fall,
        " of all, expected 0 or more and a fraction between 0 and 1");
  const auto fall = static_cast<int64_t>(std::llround(options.fall * static_cast<double>(options.steps)));
  check(fall + options.warmup <= options.steps, "flat-cosine schedule: ", options.warmup,
        " steps of warm-up and ", fall, " of fall do not fit into ", options.steps, " steps");
  return [=](int64_t at) {
    if (at < options.warmup) return warming(at, options.warmup);
    const int64_t falling = at - (options.steps - fall);
    return falling < 0 ? 1 : half_cosine(1, 0, share(falling, fall));
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
