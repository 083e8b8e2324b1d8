#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <tinynn/core/error.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/export/fuse.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/conv2d.hpp>
#include <tinynn/ops/registry.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn::deploy {
namespace {

using graph::Operation, graph::Value;

// Without the dimension that counts samples.
Shape of_sample(const Shape& shape) { return Shape(std::span(shape.begin() + 1, shape.end())); }

class Planner {
 public:
  explicit Planner(const graph::Graph& graph) : graph_(graph) {}

  Plan make() {
    check(graph_.inputs.size() == 1 && graph_.outputs.size() == 1, "deploy: a model of ",
          graph_.inputs.size(), " inputs and ", graph_.outputs.size(), " outputs, expected one of each");
    plan_.input = add_value(graph_.inputs[0]);
    for (const Operation& operation : graph_.operations) lower(operation);
    check(number_.contains(graph_.outputs[0]), "deploy: the model's output is a constant");
    plan_.output = number_[graph_.outputs[0]];
    return std::move(plan_);
  }

 private:
  const Value& value(int v) const { return graph_.values[v]; }
  bool is_constant(int v) const {
    return value(v).kind == Value::Kind::parameter || value(v).kind == Value::Kind::buffer;
  }

  int add_value(int v) {
    const Value& of_graph = value(v);
    check(of_graph.shape.rank() >= 1 && of_graph.varies[0] && std::ranges::count(of_graph.varies, true) == 1,
          "deploy: ", of_graph.name, " is not of one size but for its first dimension, the samples");
    plan_.values.push_back(of_sample(of_graph.shape));
    return number_[v] = static_cast<int>(plan_.values.size()) - 1;
  }

  // A step with the operation's first input and its output.
  Step step(const StepKind& kind, const Operation& operation) {
    return {
        .kind = &kind, .inputs = {number_.at(operation.inputs[0])}, .output = add_value(operation.output)};
  }
  void push(Step step) { plan_.steps.push_back(std::move(step)); }

  static autograd::Attributes attributes(const Operation& operation) { return operation.attributes; }

  [[noreturn]] static void refuse(const Operation& operation, const std::string& why = "") {
    fail("deploy: there is no step for ", operation.op->name, why.empty() ? "" : " ", why);
  }

  // Operations that are not one step by themselves, for their constants are worked out or folded.
  using Rule = void (Planner::*)(const Operation&);
  static Rule rule_of(const Operation& operation) {
    static const auto rules = [] {
      std::map<const autograd::Op*, Rule> of_operation;
      const std::pair<const char*, Rule> named[] = {{"linear", &Planner::linear},
                                                    {"matmul", &Planner::matmul},
                                                    {"conv2d", &Planner::conv2d},
                                                    {"batch_norm", &Planner::batch_norm},
                                                    {"mean", &Planner::mean},
                                                    {"add", &Planner::add},
                                                    {"sub", &Planner::subtract},
                                                    {"mul", &Planner::multiply},
                                                    {"add_scalar", &Planner::add_scalar},
                                                    {"mul_scalar", &Planner::multiply_scalar},
                                                    {"div_scalar", &Planner::divide_scalar},
                                                    {"concat", &Planner::concat},
                                                    {"dropout", &Planner::same}};
      for (const auto& [name, rule] : named) {
        const autograd::Op* op = ops::find(name);
        check(op != nullptr, "deploy: there is no operation ", name);
        of_operation[op] = rule;
      }
      return of_operation;
    }();
    if (const auto found = rules.find(operation.op); found != rules.end()) return found->second;
    if (step_of_operation(operation.op->name) != nullptr) return &Planner::one_step;
    return operation.op->moves ? &Planner::moved : nullptr;
  }

  void lower(const Operation& operation) {
    const Rule rule = rule_of(operation);
    if (rule == nullptr) refuse(operation);
    if (is_constant(operation.inputs[0])) refuse(operation, "of a constant");
    (this->*rule)(operation);
  }

  // What the table of steps says.
  void one_step(const Operation& operation) {
    const StepKind& kind = *step_of_operation(operation.op->name);
    Step made = step(kind, operation);
    const autograd::Attributes attributes = operation.attributes;
    for (size_t i = 0; i < kind.parameters.size() && kind.parameters[i] != nullptr; ++i)
      made.parameters[i] = attributes.number(kind.parameters[i]);
    if (attributes.has("kernel")) {
      read_window(attributes, made);
      made.kernel = attributes.size2("kernel");
    }
    if (attributes.has("count_include_pad")) made.count_include_pad = attributes.flag("count_include_pad");
    if (attributes.has("dim")) {
      const int64_t dim = attributes.whole("dim"), rank = value(operation.inputs[0]).shape.rank();
      if (dim == 0 || dim == -rank) refuse(operation, "over samples");
      made.dim = (dim < 0 ? dim + rank : dim) - 1;
    }
    push(made);
  }

  static void read_window(const autograd::Attributes& attributes, Step& step) {
    step.stride = attributes.size2("stride");
    step.padding = attributes.padding2d("padding");
    if (attributes.has("dilation")) step.dilation = attributes.size2("dilation");
  }

  Tensor bias_or_zeros(int v, int64_t size) {
    return v < 0 ? zeros({size}) : value(v).tensor.detach().clone();
  }

  void linear(const Operation& operation) {
    const Tensor weight = constant(operation, 1);
    if (value(operation.inputs[0]).shape.rank() != 2) refuse(operation, "of more than one row a sample");
    Step made = step(steps::linear, operation);
    made.weight = weight;
    made.bias = bias_or_zeros(operation.inputs[2], weight.size(0));
    push(made);
  }

  void matmul(const Operation& operation) {
    const Tensor weight = constant(operation, 1);
    if (value(operation.inputs[0]).shape.rank() != 2 || weight.rank() != 2)
      refuse(operation, "but of rows by a matrix");
    Step made = step(steps::linear, operation);
    made.weight = transpose(weight, 0, 1);
    made.bias = zeros({weight.size(1)});
    push(made);
  }

  void conv2d(const Operation& operation) {
    Step made = step(steps::conv2d, operation);
    made.weight = constant(operation, 1);
    made.bias = bias_or_zeros(operation.inputs[2], made.weight.size(0));
    read_window(attributes(operation), made);
    made.groups = conv2d_groups(value(operation.inputs[0]).shape, made.weight.shape());
    push(made);
  }

  // y = (x - mean) / sqrt(var + eps) weight + bias
  void batch_norm(const Operation& operation) {
    const Tensor mean = constant(operation, 3), variance = constant(operation, 4);
    const auto given = [&](size_t input, int64_t c, double otherwise) {
      return operation.inputs[input] < 0 ? otherwise
                                         : static_cast<double>(constant(operation, input).data()[c]);
    };
    Step made = step(steps::scale_shift, operation);
    made.weight = Tensor(mean.shape());
    made.bias = Tensor(mean.shape());
    for (int64_t c = 0; c < mean.numel(); ++c) {
      const double deviation =
          std::sqrt(static_cast<double>(variance.data()[c]) + attributes(operation).number("eps"));
      const double scale = given(1, c, 1) / deviation;
      made.weight.mutable_data()[c] = static_cast<float>(scale);
      made.bias.mutable_data()[c] =
          static_cast<float>(given(2, c, 0) - static_cast<double>(mean.data()[c]) * scale);
    }
    push(made);
  }

  // Over the pixels of an image.
  void mean(const Operation& operation) {
    const Shape& x = value(operation.inputs[0]).shape;
    auto dims = attributes(operation).list("dim");
    std::ranges::sort(dims);
    if (x.rank() != 4 || dims != std::vector<int64_t>{2, 3}) refuse(operation, "but over dimensions 2 and 3");
    plan_.values.push_back(Shape{x[1], 1, 1});
    const int pooled = static_cast<int>(plan_.values.size()) - 1;
    Step made = step(steps::reshape, operation);
    push({.kind = &steps::adaptive_avg_pool2d, .inputs = made.inputs, .output = pooled});
    made.inputs = {pooled};
    push(made);
  }

  // One number for each channel of an operand that is broadcast over images.
  Tensor per_channel(const Operation& operation) {
    const Shape& x = value(operation.inputs[0]).shape;
    const Tensor& operand = value(operation.inputs[1]).tensor;
    if (x.rank() < 2) refuse(operation, "of one number a sample");
    const int64_t channels = x[1], lead = x.rank() - operand.rank();
    if (operand.numel() == 1) return full({channels}, static_cast<double>(operand.data()[0]));
    const bool along_channels =
        operand.numel() == channels && lead <= 1 && operand.size(1 - lead) == channels;
    if (!along_channels) refuse(operation, "with a constant that is not one number a channel");
    return operand.clone().detach_as({channels});
  }

  // y[c] = x[c] scale[c] + shift[c]
  void scale_shift(const Operation& operation, const Tensor& scale, const Tensor& shift) {
    Step made = step(steps::scale_shift, operation);
    made.weight = scale;
    made.bias = shift;
    push(made);
  }

  void of_two(const StepKind& kind, const Operation& operation) {
    Step made = step(kind, operation);
    made.inputs.push_back(number_.at(operation.inputs[1]));
    push(made);
  }
  void of_equal_shapes(const StepKind& kind, const Operation& operation) {
    if (value(operation.inputs[0]).shape != value(operation.inputs[1]).shape)
      refuse(operation, "of two shapes");
    of_two(kind, operation);
  }

  void sum(const StepKind& kind, const Operation& operation, double sign) {
    if (!is_constant(operation.inputs[1])) return of_equal_shapes(kind, operation);
    const Tensor constants = per_channel(operation);
    scale_shift(operation, full(constants.shape(), 1), sign < 0 ? mul(constants, -1) : constants);
  }
  void add(const Operation& operation) { sum(steps::add, operation, 1); }
  void subtract(const Operation& operation) { sum(steps::subtract, operation, -1); }

  void multiply(const Operation& operation) {
    if (is_constant(operation.inputs[1])) {
      const Tensor constants = per_channel(operation);
      return scale_shift(operation, constants, zeros(constants.shape()));
    }
    const Shape &x = value(operation.inputs[0]).shape, &other = value(operation.inputs[1]).shape;
    if (x.rank() == 4 && other == Shape{x[0], x[1], 1, 1} && x != other)
      return of_two(steps::scale_channels, operation);
    of_equal_shapes(steps::multiply, operation);
  }

  // y = x scale + shift
  void scalar(const Operation& operation, double scale, double shift) {
    const Shape& x = value(operation.inputs[0]).shape;
    if (x.rank() < 2) refuse(operation, "of one number a sample");
    scale_shift(operation, full({x[1]}, scale), full({x[1]}, shift));
  }
  static double number(const Operation& operation) { return attributes(operation).number("value"); }
  void add_scalar(const Operation& operation) { scalar(operation, 1, number(operation)); }
  void multiply_scalar(const Operation& operation) { scalar(operation, number(operation), 0); }
  void divide_scalar(const Operation& operation) { scalar(operation, 1 / number(operation), 0); }

  void concat(const Operation& operation) {
    if (attributes(operation).whole("dim") != 1) refuse(operation, "but along dimension 1");
    Step made = step(steps::concat, operation);
    for (size_t i = 1; i < operation.inputs.size(); ++i) {
      if (is_constant(operation.inputs[i])) refuse(operation, "with a constant");
      made.inputs.push_back(number_.at(operation.inputs[i]));
    }
    push(made);
  }

  // Where each number goes is what the operation does to samples that hold the numbers' places: the second
  // sample's are below zero, to see that they stay apart.
  void moved(const Operation& operation) {
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
  void same(const Operation& operation) { number_[operation.output] = number_.at(operation.inputs[0]); }

  Tensor constant(const Operation& operation, size_t input) {
    if (operation.inputs[input] < 0) refuse(operation, "without running statistics");
    if (!is_constant(operation.inputs[input])) refuse(operation, "with a weight that is computed");
    return value(operation.inputs[input]).tensor.detach().clone();
  }

  const graph::Graph& graph_;
  Plan plan_;
  std::map<int, int> number_;  // of a value of the graph in the plan
};

}  // namespace

Plan plan(nn::Module& model, const graph::Example& example, const PlanOptions& options) {
  for (const Parameter& parameter : model.parameters()) parameter.require_hardened("deploy");
  Plan made = Planner(graph::trace(model, example)).make();
  return options.fuse ? fuse(std::move(made)) : made;
}

Program compile(nn::Module& model, const graph::Example& example) { return Program(plan(model, example)); }

}  // namespace tinynn::deploy
