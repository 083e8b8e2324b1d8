// An operation held against its naive twin, written in double from the definition: the values, and every
// gradient, which the twin gives by central differences (in double these are good to nine digits).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <tinynn/core/tensor.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/error_of.hpp"

namespace test {

using Doubles = std::vector<double>;

inline Doubles doubles(const tinynn::Tensor& x) { return {x.values().begin(), x.values().end()}; }

/// Where the operation and its twin part, in words; empty if nowhere. Both get the inputs in the same order;
/// the gradient that flows back is drawn.
inline std::string twin_difference(
    Draw& draw, std::vector<tinynn::Tensor> inputs,
    const std::function<tinynn::Tensor(const std::vector<tinynn::Tensor>&)>& op,
    const std::function<Doubles(const std::vector<Doubles>&)>& twin, double tolerance = 2e-5) {
  for (tinynn::Tensor& input : inputs) input.set_requires_grad();
  const tinynn::Tensor y = op(inputs);
  std::vector<Doubles> at;
  for (const tinynn::Tensor& input : inputs) at.push_back(doubles(input));
  if (const auto text = difference(y.values(), twin(at), tolerance); !text.empty()) return "value, " + text;

  const tinynn::Tensor grad_y = draw.tensor(y.shape());
  y.backward(grad_y);
  const auto scalar = [&] {
    double sum = 0;
    const Doubles values = twin(at);
    for (size_t i = 0; i < values.size(); ++i) sum += values[i] * static_cast<double>(grad_y.values()[i]);
    return sum;
  };
  for (size_t k = 0; k < inputs.size(); ++k) {
    Doubles expected;
    for (double& x : at[k]) {
      constexpr double step = 1e-5;
      const double before = x;
      x = before + step;
      const double above = scalar();
      x = before - step;
      expected.push_back((above - scalar()) / (2 * step));
      x = before;
    }
    if (const auto text = difference(inputs[k].grad().values(), expected, tolerance); !text.empty()) {
      return "gradient of input " + std::to_string(k) + ", " + text;
    }
  }
  return "";
}

}  // namespace test
