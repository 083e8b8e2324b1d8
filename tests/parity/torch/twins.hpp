// The same cases in libtorch: what ../trial.hpp asks of tinynn, asked of PyTorch.
#pragma once

#include <functional>
#include <map>
#include <string>

#include <torch/torch.h>

#include "tests/parity/trial.hpp"

namespace test::parity {

using Twins = std::map<std::string, std::function<Results(const Trial&)>>;

Twins arithmetic_twins();
Twins shape_twins();
Twins layer_operation_twins();
Twins loss_twins();
Twins layer_twins();
Twins optimizer_twins();
/// Those of all families, by the name of the case.
Twins all_twins();

/// A copy; undefined if x is.
at::Tensor to_torch(const Tensor& x);
Tensor to_tinynn(const at::Tensor& x);

/// A trial's inputs as libtorch has them, each asking for its gradient.
struct TorchInputs {
  std::map<std::string, at::Tensor> by_name;
  at::Tensor operator()(const std::string& name) const;  // undefined if there is none
};

/// As with_gradients of ../trial.hpp.
std::function<Results(const Trial&)> torch_gradients(
    std::function<at::Tensor(const TorchInputs&, const Trial&)> call);

}  // namespace test::parity
