// Planner: what becomes of each operation of a graph in a plan. What one row of the table of steps says of an
// operation needs nothing here; the others have a rule each. Not for users of tinynn.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include <tinynn/graph/graph.hpp>
#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

class Planner {
 public:
  explicit Planner(const graph::Graph& graph) : graph_(graph) {}
  Plan make();

 private:
  using Operation = graph::Operation;
  using Rule = void (Planner::*)(const Operation&);
  static Rule rule_of(const Operation& operation);
  void lower(const Operation& operation);

  const graph::Value& value(int v) const { return graph_.values[v]; }
  bool is_constant(int v) const;      // a parameter, a buffer, or what is worked out of them
  int add_value_of(int v);            // of the graph
  int add_value(const Shape& shape);  // between the steps of one operation
  /// A step with one of the operation's inputs and its output.
  Step step(const StepKind& kind, const Operation& operation, size_t input = 0);
  void push(Step step) { plan_.steps.push_back(std::move(step)); }
  /// The number of what a step gives, of a shape of its own.
  int pushed(Step step, const Shape& shape);
  /// The same numbers in another shape.
  int reshaped(int from, const Shape& shape);
  [[noreturn]] static void refuse(const Operation& operation, const std::string& why = "");

  Shape sample_of(const Operation& operation, size_t input = 0) const;  // of an input of it
  Shape result_of(const Operation& operation) const;
  Tensor constant(const Operation& operation, size_t input);
  Tensor bias_or_zeros(int v, int64_t size);

  void one_step(const Operation& operation);
  void moved(const Operation& operation);
  void same(const Operation& operation);
  void concat(const Operation& operation);

  // Layers: layer_rules.cpp.
  void linear(const Operation& operation);
  void matmul(const Operation& operation);
  void conv1d(const Operation& operation);
  void conv2d(const Operation& operation);
  void conv_transpose2d(const Operation& operation);
  void batch_norm(const Operation& operation);
  void layer_norm(const Operation& operation);
  void group_norm(const Operation& operation);
  void normalized(const Operation& operation, int64_t rows, const Tensor& weight, const Tensor& bias);
  void prelu(const Operation& operation);
  void pad(const Operation& operation);
  void adaptive_max_pool2d(const Operation& operation);

  // Arithmetic and reductions: arithmetic_rules.cpp.
  void add(const Operation& operation);
  void subtract(const Operation& operation);
  void multiply(const Operation& operation);
  void divide(const Operation& operation);
  void maximum(const Operation& operation);
  void minimum(const Operation& operation);
  void add_scalar(const Operation& operation);
  void scalar_subtract(const Operation& operation);
  void multiply_scalar(const Operation& operation);
  void divide_scalar(const Operation& operation);
  void sum(const Operation& operation);
  void mean(const Operation& operation);
  void amax(const Operation& operation);

  /// The operation's result from a value of its shape: x scale + shift, with one number for each channel or
  /// for each number of x.
  void scale_shift(const Operation& operation, int x, const Tensor& scale, const Tensor& shift);
  /// A constant among the operation's inputs, as scale_shift() takes it.
  Tensor spread(const Operation& operation, size_t input);
  /// One number, in the same form.
  Tensor one_for_all(const Operation& operation, double number) const;
  /// The number of an input, repeated to the shape of the result.
  int broadcast(const Operation& operation, size_t input);
  /// Whether one of the two is a constant, and which the other is.
  std::optional<size_t> beside_constant(const Operation& operation) const;
  void of_two(const StepKind& kind, const Operation& operation);
  void clamped(const StepKind& kind, const Operation& operation);
  void scalar(const Operation& operation, double scale, double shift);
  int reduced(const StepKind& kind, const Operation& operation);
  void from_reduced(const Operation& operation, int made);

  const graph::Graph& graph_;
  Plan plan_;
  std::map<int, int> number_;  // of a value of the graph in the plan
  std::set<int> constants_;    // that operations make, of constants alone
};

}  // namespace tinynn::deploy
