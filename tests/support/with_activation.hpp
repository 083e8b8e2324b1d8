// A small network with an activation of the table of steps: what is deployed of one is deployed of all.
#pragma once

#include <array>
#include <string>
#include <vector>

#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/module.hpp>
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
    const auto h = activated(row_, activated(row_, conv(x)));
    return out(activated(row_, hidden(tinynn::flatten(h))));
  }

  tinynn::nn::Conv2d conv{2, 4, 3};
  tinynn::nn::Linear hidden{4 * 3 * 3, 6}, out{6, 3};

 private:
  const tinynn::deploy::StepKind& row_;
};

}  // namespace test
