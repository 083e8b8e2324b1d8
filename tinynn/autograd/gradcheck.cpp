#include <algorithm>
#include <cmath>
#include <sstream>

#include <tinynn/autograd/gradcheck.hpp>
#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>

namespace tinynn {
namespace {

using TensorFunction = std::function<Tensor(const std::vector<Tensor>&)>;

// Plain leaves: a difference must not go through a parameter's mask and version.
std::vector<Tensor> leaves(const std::vector<Tensor>& inputs) {
  std::vector<Tensor> result;
  for (const Tensor& input : inputs) {
    result.push_back(input.defined() ? input.clone() : Tensor());
    if (input.requires_grad()) result.back().set_requires_grad();
  }
  return result;
}

// None is near 0, so that no element of y goes unseen.
Tensor draw_weights(const Shape& shape, uint64_t seed) {
  const RandomStream stream(seed, 0);
  Tensor weights(shape);
  for (int64_t i = 0; i < weights.numel(); ++i) {
    const double u = 2 * stream.uniform(static_cast<uint64_t>(i)) - 1;
    weights.mutable_data()[i] = static_cast<float>(u + std::copysign(0.5, u));
  }
  return weights;
}

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (int64_t i = 0; i < a.numel(); ++i)
    sum += static_cast<double>(a.data()[i]) * static_cast<double>(b.data()[i]);
  return sum;
}

// dL/dx of every element of one input, by central differences.
std::vector<double> differences(const TensorFunction& function, std::vector<Tensor> inputs, size_t which,
                                const Tensor& weights, double step) {
  const Tensor original = inputs[which];
  std::vector<double> result;
  for (int64_t i = 0; i < original.numel(); ++i) {
    const float x = original.data()[i];
    const double h = step * std::max(1.0, std::abs(static_cast<double>(x)));
    const auto at = [&](double place) {
      inputs[which] = original.clone();  // afresh: the function may keep what it was given
      inputs[which].mutable_data()[i] = static_cast<float>(place);
      return dot(weights, function(inputs));
    };
    const auto above = static_cast<float>(x + h), below = static_cast<float>(x - h);
    result.push_back((at(static_cast<double>(above)) - at(static_cast<double>(below))) /
                     (static_cast<double>(above) - static_cast<double>(below)));
  }
  return result;
}

double largest(std::span<const double> numeric, const Tensor& analytic) {
  double result = 0;
  for (const double d : numeric) result = std::max(result, std::abs(d));
  for (const float d : analytic.values()) result = std::max(result, std::abs(static_cast<double>(d)));
  return result;
}

void compare(GradcheckResult& result, size_t input, const Tensor& x, const Tensor& analytic,
             const std::vector<double>& numeric, double allowed) {
  for (int64_t i = 0; i < x.numel(); ++i) {
    const auto a = static_cast<double>(analytic.data()[i]), n = numeric[i];
    const double error = std::abs(a - n) / allowed;
    if (error <= result.worst) continue;
    result.worst = error;  // NaN too, and it stays
    result.input = static_cast<int64_t>(input);
    result.element = i;
    if (error <= 1) continue;
    TextStream text;
    text << "gradcheck: input " << input << " of shape " << x.shape() << ", element " << i
         << ": the analytic gradient is " << a << ", the numeric one " << n << ", further apart than "
         << allowed;
    result.ok = false;
    result.message = text.str();
    if (std::isnan(error)) return;
  }
}

}  // namespace

GradcheckResult gradcheck(const TensorFunction& function, const std::vector<Tensor>& inputs,
                          const GradcheckOptions& options) {
  check(std::ranges::any_of(inputs, &Tensor::requires_grad), "gradcheck: no input requires a gradient");
  const auto x = leaves(inputs);
  const Tensor y = function(x);
  const Tensor weights = draw_weights(y.shape(), options.seed);
  if (!y.requires_grad()) {
    return {.ok = false, .message = "gradcheck: the result is not recorded as a function of the inputs"};
  }
  if (!std::ranges::all_of(y.values(), [](float value) { return std::isfinite(value); })) {
    return {.ok = false, .message = "gradcheck: the result is not finite"};
  }
  y.backward(weights);

  const NoGrad no_grad;
  const Tensor again = function(x);
  if (again.shape() != y.shape() || !std::ranges::equal(y.values(), again.values())) {
    return {.ok = false, .message = "gradcheck: the function gave two results for the same inputs"};
  }
  GradcheckResult result;
  double squares = 0;
  for (const float value : y.values()) squares += static_cast<double>(value) * static_cast<double>(value);
  const double rounding = 8 * 0x1p-24 * std::sqrt(squares) / (2 * options.step);
  for (size_t i = 0; i < x.size() && !std::isnan(result.worst); ++i) {
    if (!x[i].requires_grad()) continue;
    const Tensor analytic = x[i].grad().defined() ? x[i].grad() : zeros(x[i].shape());
    const auto numeric = differences(function, x, i, weights, options.step);
    const double allowed = options.tolerance * largest(numeric, analytic) + rounding + 1e-7;
    compare(result, i, x[i], analytic, numeric, allowed);
  }
  return result;
}

void require_gradcheck(const TensorFunction& function, const std::vector<Tensor>& inputs,
                       const GradcheckOptions& options) {
  const auto result = gradcheck(function, inputs, options);
  check(result.ok, result.message);
}

}  // namespace tinynn
