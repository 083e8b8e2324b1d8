#include <algorithm>
#include <cmath>

#include <tinynn/program/eight_bits.hpp>

namespace tinynn::deploy {

bool sums_are_whole(const Plan& plan, const Step& step) {
  return !step.weight_scales.empty() && !plan.format(step.inputs[0]).is_float();
}

float scale_of_sums(const Plan& plan, const Step& step, int64_t output) {
  return step.weight_scales[output] * plan.format(step.inputs[0]).scale;
}

std::vector<int8_t> whole_weight(const Step& step) {
  const int64_t each = step.weight.shape().inner(0);
  std::vector<int8_t> whole;
  for (int64_t i = 0; i < step.weight.numel(); ++i)
    whole.push_back(
        static_cast<int8_t>(std::nearbyint(step.weight.data()[i] / step.weight_scales[i / each])));
  return whole;
}

std::vector<int32_t> whole_bias(const Plan& plan, const Step& step) {
  std::vector<int32_t> whole;
  for (int64_t o = 0; o < step.bias.numel(); ++o)
    whole.push_back(static_cast<int32_t>(std::nearbyint(step.bias.data()[o] / scale_of_sums(plan, step, o))));
  return whole;
}

std::optional<Requantization> requantization(const Plan& plan, const Step& step) {
  const NumberFormat made = plan.format(step.output);
  const bool relu = step.activation == &steps::relu;
  if (!sums_are_whole(plan, step) || made.is_float() || (step.activation != nullptr && !relu)) return {};
  const auto ratio = [&](int64_t o) {
    return static_cast<double>(scale_of_sums(plan, step, o)) / static_cast<double>(made.scale);
  };
  double largest = 0;
  for (int64_t o = 0; o < step.bias.numel(); ++o) largest = std::max(largest, ratio(o));
  Requantization result{.multipliers = {}, .shift = 0, .low = relu ? 0 : static_cast<int>(made.lowest())};
  result.shift = std::clamp(30 - std::ilogb(largest), 1, 62);
  for (int64_t o = 0; o < step.bias.numel(); ++o) {
    const double exact = std::round(std::ldexp(ratio(o), result.shift));
    result.multipliers.push_back(static_cast<int32_t>(std::min(exact, 0x1p31 - 1)));
  }
  return result;
}

}  // namespace tinynn::deploy
