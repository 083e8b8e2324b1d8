// A small network with an activation of the table of steps: what is deployed of one is deployed of all.
#pragma once

#include <array>
#include <set>
#include <string>
#include <vector>

#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/pointwise.hpp>
#include <tinynn/ops/registry.hpp>
#include <tinynn/ops/shape.hpp>
#include <tinynn/program/plan.hpp>

namespace test {

/// The rows that are activations.
inline std::vector<const tinynn::deploy::StepKind*> activations() {
  std::vector<const tinynn::deploy::StepKind*> rows;
  for (const auto* row : tinynn::deploy::step_table()) {
    if (row->activate != nullptr) rows.push_back(row);
  }
  return rows;
}

/// The activation of x by its operation.
inline tinynn::Tensor activated(const tinynn::deploy::StepKind& row, const tinynn::Tensor& x,
                                const std::array<double, 2>& parameters = {0.3, 0.7}) {
  std::vector<tinynn::autograd::Attribute> attributes;
  for (const char* name : row.parameters) {
    if (name != nullptr) attributes.push_back({name, parameters[attributes.size()]});
  }
  return tinynn::ops::find(row.operation)->apply({{x}, attributes, false});
}

/// Numbers like x for which the activation is neither undefined nor beyond all bounds.
inline tinynn::Tensor within_its_domain(const tinynn::deploy::StepKind& row, const tinynn::Tensor& x) {
  if (std::set<std::string>{"sqrt", "log", "pow", "scalar_div"}.contains(row.name)) return abs(x) + 0.5;
  return std::string(row.name) == "exp" ? -abs(x) : x;
}

/// (n, 2, 5, 5) to (n, 3): after a convolution, by itself and after a linear layer.
class WithActivation : public tinynn::nn::Module {
 public:
  explicit WithActivation(const tinynn::deploy::StepKind& row) : row_(row) {}
  void members(tinynn::nn::Visitor& v) override {
    v("conv", conv);
    v("hidden", hidden);
    v("out", out);
  }
  tinynn::Tensor forward(const tinynn::Tensor& x) override {
    const auto h = of_layer(of_layer(conv(x)));
    return out(of_layer(hidden(tinynn::flatten(h))));
  }

  tinynn::nn::Conv2d conv{2, 4, 3};
  tinynn::nn::Linear hidden{4 * 3 * 3, 6}, out{6, 3};

 private:
  tinynn::Tensor of_layer(const tinynn::Tensor& x) const {
    return activated(row_, within_its_domain(row_, x));
  }

  const tinynn::deploy::StepKind& row_;
};

}  // namespace test
