#include <algorithm>

#include <tinynn/export/fuse.hpp>

namespace tinynn::deploy {
namespace {

// y = s (w x + b) + t = (s w) x + (s b + t), for each output
void fold(Step& layer, const Step& scale_shift) {
  layer.weight = layer.weight.clone();  // the plan that this one was copied from keeps its own
  layer.bias = layer.bias.clone();
  const int64_t each = layer.weight.shape().inner(0);
  for (int64_t o = 0; o < layer.bias.numel(); ++o) {
    const float scale = scale_shift.weight.data()[o];
    for (int64_t i = 0; i < each; ++i) layer.weight.mutable_data()[o * each + i] *= scale;
    layer.bias.mutable_data()[o] = layer.bias.data()[o] * scale + scale_shift.bias.data()[o];
  }
}

// Lets `step` become part of `before`, whose result only it reads, if perhaps in another shape.
bool merge(Step& before, Step& step) {
  if (before.activation != nullptr) return false;
  if (step.kind == &steps::scale_shift && before.kind->has_weight) {
    fold(before, step);
    before.activation = step.activation;
    before.activation_parameters = step.activation_parameters;
  } else if (step.kind->activate != nullptr && takes_activation(*before.kind, *step.kind)) {
    before.activation = step.kind;
    before.activation_parameters = step.parameters;
  } else {
    return false;
  }
  return true;
}

int64_t channels(const Plan& plan, int value) {
  const Shape& shape = plan.values[value];
  return shape.rank() == 0 ? 0 : shape[0];
}

void drop_unread(Plan& plan) {
  std::vector<bool> read(plan.values.size());
  read[plan.output] = true;
  std::vector<Step> kept;
  for (auto step = plan.steps.rbegin(); step != plan.steps.rend(); ++step) {
    if (!read[step->output]) continue;
    for (const int input : step->inputs) read[input] = true;
    kept.push_back(std::move(*step));
  }
  std::ranges::reverse(kept);
  plan.steps = std::move(kept);
}

}  // namespace

Plan fuse(Plan plan) {
  drop_unread(plan);
  std::vector<int> readers(plan.values.size()), maker(plan.values.size(), -1);
  for (const Step& step : plan.steps) {
    for (const int input : step.inputs) ++readers[input];
  }
  ++readers[plan.output];
  std::vector<Step> kept;
  // The step that makes a value which is read once.
  const auto sole = [&](int value) {
    return maker[value] < 0 || readers[value] > 1 ? nullptr : &kept[maker[value]];
  };
  for (Step& step : plan.steps) {
    const int input = step.inputs[0];
    Step *last = sole(input), *before = last;
    // Reshapes in between change nothing, as long as channels stay what they are.
    while (before != nullptr && before->kind == &steps::reshape) before = sole(before->inputs[0]);
    const bool same_channels = before != nullptr && (before == last || step.kind != &steps::scale_shift ||
                                                     channels(plan, before->output) == channels(plan, input));
    if (same_channels && merge(*before, step)) {
      last->output = step.output;
      maker[step.output] = maker[input];
      continue;
    }
    maker[step.output] = static_cast<int>(kept.size());
    kept.push_back(std::move(step));
  }
  plan.steps = std::move(kept);
  return plan;
}

}  // namespace tinynn::deploy
