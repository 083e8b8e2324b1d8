#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/prune/schedule.hpp>

namespace tinynn::prune {
namespace {

// One sparsity a step, `shape` going from 0 to 1.
template <class Curve>
SparsitySchedule along(const char* name, const ScheduleOptions& options, Curve shape) {
  check(options.from >= 0 && options.from <= options.to && options.to <= 1, name, " schedule: from ",
        options.from, " to ", options.to, " is no rising sparsity between 0 and 1");
  check(options.steps >= 1, name, " schedule: ", options.steps, " steps, expected at least 1");
  SparsitySchedule sparsities;
  for (int64_t i = 1; i < options.steps; ++i) {
    const double done = static_cast<double>(i) / static_cast<double>(options.steps);
    sparsities.push_back(options.from + (options.to - options.from) * shape(done));
  }
  sparsities.push_back(options.to);
  return sparsities;
}

}  // namespace

SparsitySchedule one_shot(double sparsity) {
  return along("one-shot", {.from = 0, .to = sparsity, .steps = 1}, [](double done) { return done; });
}

SparsitySchedule linear(const ScheduleOptions& options) {
  return along("linear", options, [](double done) { return done; });
}

SparsitySchedule cubic(const ScheduleOptions& options) {
  return along("cubic", options, [](double done) { return 1 - (1 - done) * (1 - done) * (1 - done); });
}

SparsitySchedule exponential(const ScheduleOptions& options) {
  check(options.to < 1, "exponential schedule: to 1, expected less: each step leaves something");
  const double left = (1 - options.to) / (1 - options.from);
  return along("exponential", options,
               [=](double done) { return left < 1 ? (1 - std::pow(left, done)) / (1 - left) : done; });
}

SparsitySchedule constant_rate(const ConstantRateOptions& options) {
  check(options.rate > 0 && options.rate < 1, "constant-rate schedule: ", options.rate,
        " of what is alive, expected a fraction between 0 and 1");
  check(options.to >= 0 && options.to < 1, "constant-rate schedule: to ", options.to,
        ", expected 0 or more, less than 1");
  constexpr double most = 10000;
  const double steps = std::ceil(std::log(1 - options.to) / std::log(1 - options.rate));
  check(steps <= most, "constant-rate schedule: ", options.rate, " of what is alive takes ", steps,
        " steps to ", options.to, ", expected at most ", most);
  SparsitySchedule sparsities;
  double alive = 1 - options.rate;
  while (alive > 1 - options.to) {
    sparsities.push_back(1 - alive);
    alive *= 1 - options.rate;
  }
  sparsities.push_back(options.to);
  return sparsities;
}

}  // namespace tinynn::prune
