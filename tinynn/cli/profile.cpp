#include <algorithm>
#include <sstream>

#include <tinynn/cli/profile.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/core/random.hpp>

namespace tinynn::cli {
namespace {

using namespace deploy;

std::string name_of(const Plan& plan, const Step& step) {
  std::ostringstream text;
  text << step.kind->name;
  const Shape& out = plan.values[step.output];
  for (int64_t dim = 0; dim < out.rank(); ++dim) text << (dim == 0 ? " " : " x ") << out[dim];
  if (step.activation != nullptr) text << ", " << step.activation->name;
  return text.str();
}

int64_t live_weights(const Step& step) {
  if (!step.weight.defined()) return 0;
  const float* w = step.weight.data();
  return step.weight.numel() - std::count(w, w + step.weight.numel(), 0.0F);
}

StepCost cost_of(const Plan& plan, const Step& step, int64_t batch) {
  const Shape& out = plan.values[step.output];
  const int64_t live = live_weights(step);
  const auto bytes_of = [&](int value) {
    return plan.values[value].numel() * (plan.format(value).is_float() ? 4 : 1);
  };
  int64_t bytes = bytes_of(step.output);
  for (const int input : step.inputs) bytes += bytes_of(input);
  // A weight's first dimension are the outputs; each is used once at every place of them.
  const int64_t places = step.kind->has_weight ? out.numel() / step.weight.size(0) : 0;
  return {name_of(plan, step), 0, live * places, bytes * batch + live * (step.weight_scales.empty() ? 4 : 1)};
}

}  // namespace

std::vector<StepCost> profile(const Program& program, int64_t batch) {
  const Plan& plan = program.plan();
  std::vector<StepCost> costs;
  for (const Step& step : plan.steps) costs.push_back(cost_of(plan, step, batch));
  const int64_t in = program.input_shape().numel(), out = program.output_shape().numel();
  costs.push_back({"in and out of blocks", 0, 0, 0});

  manual_seed(1);
  const Tensor x = randn({batch, in});
  Tensor y({batch, out});
  std::vector<std::vector<double>> times(costs.size());
  double total = 0;
  for (int call = 0; call < 25 || total < 0.2; ++call) {
    const auto seconds = program.run_timed(batch, x.data(), y.mutable_data());
    if (call < 5) continue;  // warm-up
    for (size_t i = 0; i < seconds.size(); ++i) {
      times[i].push_back(seconds[i]);
      total += seconds[i];
    }
  }
  for (size_t i = 0; i < costs.size(); ++i) {
    const auto middle = times[i].begin() + static_cast<std::ptrdiff_t>(times[i].size() / 2);
    std::nth_element(times[i].begin(), middle, times[i].end());
    costs[i].microseconds = 1e6 * *middle;
  }
  return costs;
}

std::string profile_table(const std::vector<StepCost>& costs, int64_t batch) {
  double total = 0;
  for (const StepCost& cost : costs) total += cost.microseconds;
  Table table({"step", "us", "share", "MACs", "GF/s", "GB/s"});
  for (const StepCost& cost : costs) {
    if (cost.microseconds == 0) continue;  // done with another step
    const double nanoseconds = 1e3 * cost.microseconds;
    table.add({cost.name, fixed(cost.microseconds, 1), percent(cost.microseconds / total),
               cost.macs > 0 ? with_commas(cost.macs) : "-",
               cost.macs > 0 ? fixed(2 * static_cast<double>(cost.macs * batch) / nanoseconds, 1) : "-",
               cost.bytes > 0 ? fixed(static_cast<double>(cost.bytes) / nanoseconds, 1) : "-"});
  }
  table.add({"all", fixed(total, 1), "", "", "", ""});
  return table.text();
}

}  // namespace tinynn::cli
