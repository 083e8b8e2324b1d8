// The cases on which tinynn is held against PyTorch. Each is written twice: here in tinynn, and under the
// same name in torch/, in libtorch. parity_test.cpp runs both on random trials; the golden file keeps what
// libtorch gave for some of them, for machines that do not have it.
//
// To add one, add a Case to the cases_*.cpp of its family and a twin to the torch/*_twins.cpp.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <tinynn/core/tensor.hpp>

#include "tests/support/draw.hpp"

namespace test::parity {

using tinynn::Shape;
using tinynn::Tensor;

/// What a case is run on.
struct Trial {
  std::map<std::string, std::vector<double>> options;
  std::vector<std::pair<std::string, Tensor>> inputs;  // by the name that PyTorch's documentation has
  std::vector<int64_t> labels;

  double number(const std::string& option) const { return options.at(option).at(0); }
  int64_t integer(const std::string& option) const { return static_cast<int64_t>(number(option)); }
  bool flag(const std::string& option) const { return number(option) != 0; }
  std::vector<int64_t> integers(const std::string& option) const;
  /// Undefined if there is none of that name: an optional input.
  Tensor input(const std::string& name) const;
  /// Options and shapes in words.
  std::string describe() const;
};

using Results = std::vector<Tensor>;

struct Case {
  std::string
      name;  // of an operation as its autograd::Op has it, of a layer, loss or optimizer as PyTorch has it
  std::function<Trial(Draw&)> draw;
  std::function<Results(const Trial&)> run;
};

std::vector<Case> arithmetic_cases();
std::vector<Case> shape_cases();
std::vector<Case> layer_operation_cases();
std::vector<Case> loss_cases();
std::vector<Case> layer_cases();
std::vector<Case> optimizer_cases();
/// Those of all families.
std::vector<Case> all_cases();

/// The trial that number `number` of a case is, the same on every machine.
Trial draw_trial(const Case& c, uint64_t number);

/// The gradient with which every trial's backward starts: something other than ones.
Tensor output_gradient(const Shape& shape);

/// Runs `call` on the trial's inputs. Results: y, then the gradient of each input (zero where it has none).
Results with_gradients(const Trial& trial, const std::function<Tensor(const Trial&)>& call);

/// Where results part by more than rounding, in words; empty if nowhere. Each element may be off by 1e-4 of
/// itself, and by 1e-6 of 1 and of the largest element of its tensor: what cancels leaves the rounding of its
/// parts.
std::string difference(const Results& got, const Results& want);

}  // namespace test::parity
