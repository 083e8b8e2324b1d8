#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/pointwise.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/optim/optimizer.hpp>
#include <tinynn/sparsify/regularizer.hpp>

namespace tinynn::sparsify {
namespace {

// Shrinks each slice of a row-major array, seen as (outer, groups, inner), towards zero by `threshold` of its
// norm.
void shrink_groups(std::span<float> values, const Shape& shape, int64_t dim, double threshold) {
  const int64_t inner = shape.inner(dim);
  std::vector<double> factor(static_cast<size_t>(shape[dim]));
  auto for_each = [&](auto f) {
    auto w = values.begin();
    while (w != values.end()) {
      for (double& of_group : factor) {
        for (int64_t i = 0; i < inner; ++i) f(*w++, of_group);
      }
    }
  };
  for_each([](float w, double& squares) { squares += static_cast<double>(w) * static_cast<double>(w); });
  for (double& f : factor) f = std::sqrt(f) <= threshold ? 0 : 1 - threshold / std::sqrt(f);  // NaN stays NaN
  for_each([](float& w, double f) { w *= static_cast<float>(f); });
}

void check_arguments(const char* name, const std::vector<Parameter>& parameters, double strength) {
  require_distinct(name, parameters);
  check(strength >= 0, name, ": the strength is ", strength, ", expected 0 or more");
}

}  // namespace

Tensor l1_penalty(const std::vector<Parameter>& parameters, double strength) {
  require_distinct("l1_penalty", parameters);
  Tensor total = zeros({});
  for (const auto& parameter : parameters) total = total + sum(abs(parameter));
  return total * strength;
}

Tensor l2_penalty(const std::vector<Parameter>& parameters, double strength) {
  require_distinct("l2_penalty", parameters);
  Tensor total = zeros({});
  for (const auto& parameter : parameters) total = total + sum(pow(parameter, 2));
  return total * strength;
}

Proximal proximal_l1(std::vector<Parameter> parameters, double strength) {
  check_arguments("proximal_l1", parameters, strength);
  return [parameters = std::move(parameters), strength](double lr) mutable {
    for (auto& parameter : parameters)
      parameter.update([&](std::span<float> values) { optim::soft_threshold(values, lr * strength); });
  };
}

Proximal group_lasso(std::vector<Parameter> parameters, double strength, int64_t dim) {
  check_arguments("group_lasso", parameters, strength);
  for (const auto& parameter : parameters) (void)parameter.size(dim);  // throws if it is not there
  return [parameters = std::move(parameters), strength, dim](double lr) mutable {
    for (auto& parameter : parameters) {
      const Shape shape = parameter.shape();
      const auto elements = static_cast<double>(shape.outer(dim) * shape.inner(dim));
      parameter.update([&](std::span<float> values) {
        shrink_groups(values, shape, dim, lr * strength * std::sqrt(elements));
      });
    }
  };
}

std::vector<Parameter> bn_scales(nn::Module& module) {
  std::vector<Parameter> scales;
  for (nn::Module* below : module.modules()) {
    const auto* norm = dynamic_cast<nn::BatchNorm*>(below);
    if (norm != nullptr && norm->weight.defined()) scales.push_back(norm->weight);
  }
  return scales;
}

}  // namespace tinynn::sparsify
