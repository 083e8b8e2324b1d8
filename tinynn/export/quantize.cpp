#include <algorithm>
#include <cmath>
#include <numeric>

#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/export/quantize.hpp>
#include <tinynn/export/step_by_step.hpp>
#include <tinynn/program/plan_file.hpp>

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
    program.run(images.data() + i * each, [&](int value, std::span<float> numbers) {
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

float NumberFormat::round(float x) const {
  return is_float() ? x : std::nearbyint(std::clamp(x / scale, lowest(), highest())) * scale;
}

QuantizedPlan quantize(Plan plan, const Tensor& images) {
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
  QuantizedPlan result{.plan = std::move(plan), .formats = {}, .weight_scales = {}};
  for (const size_t c : classes) result.formats.push_back(exact[c] ? NumberFormat{} : format_of(ranges[c]));
  for (Step& step : result.plan.steps) {
    const auto& read = result.formats[step.inputs[0]];
    std::vector<float>& scales = result.weight_scales.emplace_back();
    if (!step.kind->has_weight) continue;
    step.weight = step.weight.clone();
    step.bias = step.bias.clone();
    scales = round_weights(step, read);
  }
  return result;
}

QuantizedPlan with_normalization(QuantizedPlan plan, const std::vector<double>& mean,
                                 const std::vector<double>& std) {
  plan.plan = with_normalization(std::move(plan.plan), mean, std);
  plan.formats.push_back({});
  plan.weight_scales.insert(plan.weight_scales.begin(), std::vector<float>{});
  return plan;
}

QuantizedPlan unquantized(Plan plan) {
  const size_t values = plan.values.size(), steps = plan.steps.size();
  return {std::move(plan), std::vector<NumberFormat>(values), std::vector<std::vector<float>>(steps)};
}

float scale_of_sums(const QuantizedPlan& plan, size_t step, int64_t output) {
  const int input = plan.plan.steps[step].inputs[0];
  return plan.weight_scales[step][output] * plan.formats[input].scale;
}

Tensor QuantizedPlan::operator()(const Tensor& x) const {
  const auto shape = [&](int v) -> const Shape& { return plan.values[v]; };
  const int64_t samples = x.size(0), in = shape(plan.input).numel(), out = shape(plan.output).numel();
  check(x.numel() == samples * in, "quantized plan: x is ", x.shape(), ", expected samples of ",
        shape(plan.input));
  std::vector<int64_t> sizes{samples};
  sizes.insert(sizes.end(), shape(plan.output).begin(), shape(plan.output).end());
  Tensor y{Shape(sizes)};
  float* to = y.mutable_data();
  parallel_for(samples, (samples + num_threads() - 1) / num_threads(), [&](int64_t begin, int64_t end) {
    StepByStep program(plan);
    for (int64_t i = begin; i < end; ++i) {
      const auto numbers = program.run(x.data() + i * in, [&](int value, std::span<float> made) {
        const NumberFormat& format = formats[value];
        if (format.is_float()) return;
        for (float& number : made) number = format.round(number);
      });
      std::ranges::copy(numbers, to + i * out);
    }
  });
  return y;
}

}  // namespace tinynn::deploy
