#include <algorithm>
#include <string_view>
#include <utility>

#include <tinynn/core/error.hpp>
#include <tinynn/export/planner.hpp>

namespace tinynn::deploy {
namespace {

using graph::Value;

// Without the dimension that counts samples.
Shape of_sample(const Shape& shape) { return Shape(std::span(shape.begin() + 1, shape.end())); }

}  // namespace

Plan Planner::make() {
  check(graph_.inputs.size() == 1 && graph_.outputs.size() == 1, "deploy: a model of ", graph_.inputs.size(),
        " inputs and ", graph_.outputs.size(), " outputs, expected one of each");
  plan_.input = add_value_of(graph_.inputs[0]);
  for (const Operation& operation : graph_.operations) lower(operation);
  check(number_.contains(graph_.outputs[0]), "deploy: the model's output is a constant");
  plan_.output = number_[graph_.outputs[0]];
  return std::move(plan_);
}

// Operations that are not one step by themselves, for their constants are worked out or folded.
Planner::Rule Planner::rule_of(const Operation& operation) {
  static constexpr std::pair<std::string_view, Rule> rules[] = {
      {"linear", &Planner::linear},
      {"matmul", &Planner::matmul},
      {"conv1d", &Planner::conv1d},
      {"conv2d", &Planner::conv2d},
      {"conv_transpose2d", &Planner::conv_transpose2d},
      {"batch_norm", &Planner::batch_norm},
      {"layer_norm", &Planner::layer_norm},
      {"group_norm", &Planner::group_norm},
      {"prelu", &Planner::prelu},
      {"pad", &Planner::pad},
      {"adaptive_max_pool2d", &Planner::adaptive_max_pool2d},
      {"sum", &Planner::sum},
      {"mean", &Planner::mean},
      {"amax", &Planner::amax},
      {"max", &Planner::amax},
      {"add", &Planner::add},
      {"sub", &Planner::subtract},
      {"mul", &Planner::multiply},
      {"div", &Planner::divide},
      {"maximum", &Planner::maximum},
      {"minimum", &Planner::minimum},
      {"add_scalar", &Planner::add_scalar},
      {"scalar_sub", &Planner::scalar_subtract},
      {"mul_scalar", &Planner::multiply_scalar},
      {"div_scalar", &Planner::divide_scalar},
      {"concat", &Planner::concat},
      {"dropout", &Planner::same}};
  for (const auto& [name, rule] : rules)
    if (name == operation.op->name) return rule;
  if (step_of_operation(operation.op->name) != nullptr) return &Planner::one_step;
  return operation.op->moves ? &Planner::moved : nullptr;
}

void Planner::lower(const Operation& operation) {
  if (std::ranges::all_of(operation.inputs, [&](int v) { return v < 0 || is_constant(v); })) {
    constants_.insert(operation.output);  // the trace worked it out
    return;
  }
  const Rule rule = rule_of(operation);
  if (rule == nullptr) refuse(operation);
  (this->*rule)(operation);
}

bool Planner::is_constant(int v) const {
  return value(v).kind == Value::Kind::parameter || value(v).kind == Value::Kind::buffer ||
         constants_.contains(v);
}

int Planner::add_value_of(int v) {
  const Value& of_graph = value(v);
  check(of_graph.shape.rank() >= 1 && of_graph.varies[0] && std::ranges::count(of_graph.varies, true) == 1,
        "deploy: ", of_graph.name, " is not of one size but for its first dimension, the samples");
  return number_[v] = add_value(of_sample(of_graph.shape));
}

int Planner::add_value(const Shape& shape) {
  plan_.values.push_back(shape);
  return static_cast<int>(plan_.values.size()) - 1;
}

Step Planner::step(const StepKind& kind, const Operation& operation, size_t input) {
  if (is_constant(operation.inputs[input])) refuse(operation, "of a constant");
  return {.kind = &kind,
          .inputs = {number_.at(operation.inputs[input])},
          .output = add_value_of(operation.output)};
}

int Planner::pushed(Step step, const Shape& shape) {
  step.output = add_value(shape);
  push(std::move(step));
  return plan_.steps.back().output;
}

int Planner::reshaped(int from, const Shape& shape) {
  return pushed({.kind = &steps::reshape, .inputs = {from}, .output = 0}, shape);
}

void Planner::refuse(const Operation& operation, const std::string& why) {
  fail("deploy: there is no step for ", operation.op->name, why.empty() ? "" : " ", why);
}

Shape Planner::sample_of(const Operation& operation, size_t input) const {
  return of_sample(value(operation.inputs[input]).shape);
}

Shape Planner::result_of(const Operation& operation) const {
  return of_sample(value(operation.output).shape);
}

Tensor Planner::constant(const Operation& operation, size_t input) {
  if (operation.inputs[input] < 0) refuse(operation, "without running statistics");
  if (!is_constant(operation.inputs[input])) refuse(operation, "with a weight that is computed");
  return value(operation.inputs[input]).tensor.detach().clone();
}

Tensor Planner::bias_or_zeros(int v, int64_t size) {
  return v < 0 ? zeros({size}) : value(v).tensor.detach().clone();
}

// What the table of steps says.
void Planner::one_step(const Operation& operation) {
  const StepKind& kind = *step_of_operation(operation.op->name);
  Step made = step(kind, operation);
  const autograd::Attributes attributes = operation.attributes;
  for (size_t i = 0; i < kind.parameters.size() && kind.parameters[i] != nullptr; ++i)
    made.parameters[i] = attributes.number(kind.parameters[i]);
  if (attributes.has("kernel")) {
    made.kernel = attributes.size2("kernel");
    made.stride = attributes.size2("stride");
    made.padding = attributes.padding2d("padding");
    if (attributes.has("dilation")) made.dilation = attributes.size2("dilation");
  }
  if (attributes.has("count_include_pad")) made.count_include_pad = attributes.flag("count_include_pad");
  if (attributes.has("dim")) {
    const int64_t dim = attributes.whole("dim"), rank = value(operation.inputs[0]).shape.rank();
    if (dim == 0 || dim == -rank) refuse(operation, "over samples");
    made.dim = (dim < 0 ? dim + rank : dim) - 1;
  }
  push(made);
}

void Planner::concat(const Operation& operation) {
  if (autograd::Attributes(operation.attributes).whole("dim") != 1)
    refuse(operation, "but along dimension 1");
  Step made = step(steps::concat, operation);
  for (size_t i = 1; i < operation.inputs.size(); ++i) {
    if (is_constant(operation.inputs[i])) refuse(operation, "with a constant");
    made.inputs.push_back(number_.at(operation.inputs[i]));
  }
  push(made);
}

// Where each number goes is what the operation does to samples that hold the numbers' places: the second
// sample's are below zero, to see that they stay apart.
void Planner::moved(const Operation& operation) {
  Step made = step(steps::gather, operation);
  const Shape x = value(operation.inputs[0]).shape.with(0, 2);
  const int64_t numbers = x.numel() / 2;
  check(numbers < 1 << 24, "deploy: ", operation.op->name, " of more than 2^24 numbers a sample");
  Tensor places(x);
  for (int64_t i = 0; i < numbers; ++i) {
    places.mutable_data()[i] = static_cast<float>(i);
    places.mutable_data()[numbers + i] = static_cast<float>(-1 - i);
  }
  const auto attributes = operation.attributes_for(2, graph_.samples);
  const Tensor result = operation.op->apply({{places}, attributes, false});
  const int64_t each = result.numel() / 2;
  bool in_order = each == numbers;
  for (int64_t i = 0; i < each; ++i) {
    const float from = result.data()[i];
    if (from < 0 || result.data()[each + i] != -1 - from) refuse(operation, "of samples");
    made.from.push_back(static_cast<int32_t>(from));
    in_order = in_order && made.from.back() == i;
  }
  if (in_order) {
    made.kind = &steps::reshape;
    made.from.clear();
  }
  push(made);
}

// In evaluation: the same value.
void Planner::same(const Operation& operation) {
  number_[operation.output] = number_.at(operation.inputs[0]);
}

}  // namespace tinynn::deploy
