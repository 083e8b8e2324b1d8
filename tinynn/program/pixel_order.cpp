#include <numeric>

#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/program/instructions.hpp>
#include <tinynn/program/pixel_order.hpp>
#include <tinynn/program/step_shapes.hpp>

namespace tinynn::deploy {
namespace {

bool is_number_by_number(const Step& step) {
  return step.kind->shape == shape_of::equal || step.kind->activate != nullptr;
}

}  // namespace

bool goes_by_pixels(const Plan& plan, const Step& step) {
  return is_number_by_number(step) || is_by_winograd(plan, step);
}

std::vector<bool> values_by_pixels(const Plan& plan, size_t block_begin) {
  std::vector<int> group(plan.values.size());  // a value that stands for those that lie alike
  std::iota(group.begin(), group.end(), 0);
  const auto of = [&](int v) {
    while (group[v] != v) v = group[v];
    return v;
  };
  for (const Step& step : plan.steps) {
    if (!is_number_by_number(step)) continue;
    for (const int input : step.inputs) group[of(input)] = of(step.output);
  }
  std::vector<int> saved(plan.values.size());  // transpositions of a group, less those that are added
  std::vector<bool> cannot(plan.values.size()), read_by_channels(plan.values.size());
  const auto keep = [&](int v) { cannot[of(v)] = true; };
  keep(plan.input);
  keep(plan.output);
  for (size_t v = 0; v < plan.values.size(); ++v) {
    const Shape& shape = plan.values[v];
    if (shape.rank() != 3 || shape[0] % kernels::simd::table().lanes != 0) keep(static_cast<int>(v));
  }
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    const bool moves_nothing = step.kind->make == nullptr || i >= block_begin;
    if (moves_nothing) keep(step.output);
    const bool by_winograd = is_by_winograd(plan, step);
    if (!is_number_by_number(step)) saved[of(step.output)] += by_winograd ? 1 : -1;
    for (const int input : step.inputs) {
      if (moves_nothing) keep(input);
      if (by_winograd) ++saved[of(input)];
      if (!by_winograd && !is_number_by_number(step)) read_by_channels[input] = true;
    }
  }
  for (size_t v = 0; v < plan.values.size(); ++v) saved[of(static_cast<int>(v))] -= read_by_channels[v];
  std::vector<bool> result(plan.values.size());
  for (size_t v = 0; v < plan.values.size(); ++v) {
    const int one = of(static_cast<int>(v));
    result[v] = plan.formats.empty() && !cannot[one] && saved[one] > 0;
  }
  return result;
}

}  // namespace tinynn::deploy
