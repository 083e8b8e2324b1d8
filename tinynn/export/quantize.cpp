#include <algorithm>
#include <cmath>
#include <numeric>

#include <tinynn/core/error.hpp>
#include <tinynn/export/quantize.hpp>
#include <tinynn/export/step_by_step.hpp>

namespace tinynn::deploy {
namespace {

using Type = NumberFormat::Type;

// Values that hold the same numbers have one format: by value, the first one of its kind.
std::vector<size_t> classes_of(const Plan& plan) {
  std::vector<size_t> first(plan.values.size());
  std::iota(first.begin(), first.end(), size_t{0});
  for (const Step& step : plan.steps) {  // in their order, so that the input's is final
    if (step.kind->selects) first[step.output] = first[step.inputs[0]];
  }
  return first;
}

struct Range {
  float low = 0, high = 0;
};

std::vector<Range> calibrate(const Plan& plan, const std::vector<size_t>& classes, const Tensor& images) {
  std::vector<Range> ranges(plan.values.size());
  StepByStep program(plan);
  const int64_t each = plan.values[plan.input].numel();
  for (int64_t i = 0; i < images.size(0); ++i) {
    program.run(images.data() + i * each, [&](int value, std::span<const float> numbers) {
      Range& range = ranges[classes[value]];
      for (const float x : numbers) {
        check(std::isfinite(x), "quantize: image ", i, " leads to ", x, ", expected finite numbers");
        range = {std::min(range.low, x), std::max(range.high, x)};
      }
    });
  }
  return ranges;
}

NumberFormat format_of(const Range& range) {
  const float largest = std::max(-range.low, range.high);
  if (largest == 0) return {Type::uint8, 1};
  return range.low < 0 ? NumberFormat{Type::int8, largest / 127} : NumberFormat{Type::uint8, largest / 255};
}

// Rounds the weights of a layer, and its bias to what its sums are steps of; returns the weights' scales.
std::vector<float> round_weights(Step& layer, const NumberFormat& input) {
  const int64_t each = layer.weight.shape().inner(0);
  std::vector<float> scales;
  for (int64_t o = 0; o < layer.bias.numel(); ++o) {
    const std::span row(layer.weight.mutable_data() + o * each, static_cast<size_t>(each));
    const float bias = std::abs(layer.bias.data()[o]);
    // A large bias over small weights: 20 bits are enough for it.
    float scale = bias / input.scale / 0x1p20F;
    for (const float w : row) scale = std::max(scale, std::abs(w) / 127);
    check(std::isfinite(scale), "quantize: ", layer.kind->name, " has a weight that is not finite");
    if (scale == 0) scale = 1;
    double most = static_cast<double>(bias / input.scale / scale);
    for (float& w : row) {
      w = std::nearbyint(w / scale);
      most += static_cast<double>(std::abs(w) * input.highest());
      w *= scale;
    }
    check(input.is_float() || most < 0x1p31, "quantize: the sums of a ", layer.kind->name, " of ", each,
          " weights an output do not fit into 32 bits");
    scales.push_back(scale);
    if (input.is_float()) continue;
    const auto step = static_cast<double>(scale) * static_cast<double>(input.scale);
    float& rounded = layer.bias.mutable_data()[o];
    rounded = static_cast<float>(std::nearbyint(static_cast<double>(rounded) / step) * step);
  }
  return scales;
}

}  // namespace

Plan quantize(Plan plan, const Tensor& images) {
  check(plan.formats.empty(), "quantize: the plan is in eight bits already");
  const Shape& input = plan.values[plan.input];
  check(images.defined() && images.rank() > 0 && images.size(0) > 0 &&
            std::ranges::equal(images.shape().begin() + 1, images.shape().end(), input.begin(), input.end()),
        "quantize: images are ", images.defined() ? images.shape() : Shape{}, ", expected some of ", input);
  const auto classes = classes_of(plan);
  const auto ranges = calibrate(plan, classes, images);
  std::vector<bool> exact(plan.values.size());
  exact[classes[plan.output]] = true;
  for (const Step& step : plan.steps) {
    if (step.kind->in_floats) exact[classes[step.inputs[0]]] = true;
  }
  for (const size_t c : classes) plan.formats.push_back(exact[c] ? NumberFormat{} : format_of(ranges[c]));
  for (Step& step : plan.steps) {
    if (!step.kind->has_weight) continue;
    step.weight = step.weight.clone();
    step.bias = step.bias.clone();
    step.weight_scales = round_weights(step, plan.formats[step.inputs[0]]);
  }
  return plan;
}

}  // namespace tinynn::deploy
