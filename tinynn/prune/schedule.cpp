#include <tinynn/core/error.hpp>
#include <tinynn/prune/schedule.hpp>

namespace tinynn::prune {
namespace {

// One sparsity a step, `shape` going from 0 to 1.
template <class Curve>
Schedule along(const char* name, const ScheduleOptions& options, Curve shape) {
  check(options.from >= 0 && options.from <= options.to && options.to <= 1, name, " schedule: from ",
        options.from, " to ", options.to, " is no rising sparsity between 0 and 1");
  check(options.steps >= 1, name, " schedule: ", options.steps, " steps, expected at least 1");
  Schedule sparsities;
  for (int64_t i = 1; i < options.steps; ++i) {
    const double done = static_cast<double>(i) / static_cast<double>(options.steps);
    sparsities.push_back(options.from + (options.to - options.from) * shape(done));
  }
  sparsities.push_back(options.to);
  return sparsities;
}

}  // namespace

Schedule one_shot(double sparsity) {
  return along("one-shot", {.from = 0, .to = sparsity, .steps = 1}, [](double done) { return done; });
}

Schedule linear(const ScheduleOptions& options) {
  return along("linear", options, [](double done) { return done; });
}

Schedule cubic(const ScheduleOptions& options) {
  return along("cubic", options, [](double done) { return 1 - (1 - done) * (1 - done) * (1 - done); });
}

}  // namespace tinynn::prune
