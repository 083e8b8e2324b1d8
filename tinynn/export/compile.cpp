#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

#include <tinynn/core/error.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/export/fuse.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/conv2d.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn::deploy {
namespace {

using graph::Operation, graph::Value;
using Kind = Step::Kind;

// Without the dimension that counts samples.
Shape of_sample(const Shape& shape) { return Shape(std::span(shape.begin() + 1, shape.end())); }

class Planner {
 public:
  explicit Planner(const graph::Graph& graph) : graph_(graph) {}

  Plan make() {
    check(graph_.inputs.size() == 1 && graph_.outputs.size() == 1, "deploy: a model of ",
          graph_.inputs.size(), " inputs and ", graph_.outputs.size(), " outputs, expected one of each");
    plan_.input = add_value(graph_.inputs[0]);
    for (const Operation& operation : graph_.operations) add(operation);
    check(number_.contains(graph_.outputs[0]), "deploy: the model's output is a constant");
    plan_.output = number_[graph_.outputs[0]];
    return std::move(plan_);
  }

 private:
  const Value& value(int v) const { return graph_.values[static_cast<size_t>(v)]; }
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
  Step step(Kind kind, const Operation& operation) {
    return {.kind = kind,
            .inputs = {number_.at(operation.inputs[0])},
            .output = add_value(operation.output),
            .weight = {},
            .bias = {},
            .from = {}};
  }
  void push(Step step) { plan_.steps.push_back(std::move(step)); }

  static int64_t whole(const Operation& operation, std::string_view name) {
    constexpr double most = 1LL << 53;
    return static_cast<int64_t>(std::clamp(operation.attribute(name), -most, most));
  }

  // A setting that is the same along both axes and on all sides.
  static int64_t equal(const Operation& operation, const char* name) {
    for (const auto& attribute : operation.attributes) {
      if (attribute.name == std::string_view(name) && attribute.value != operation.attribute(name))
        refuse(operation, "with a " + std::string(name) + " that is not the same along both axes");
    }
    return whole(operation, name);
  }

  [[noreturn]] static void refuse(const Operation& operation, const std::string& why = "") {
    fail("deploy: there is no step for ", operation.op->name, why.empty() ? "" : " ", why);
  }

  void add(const Operation& operation) {
    using Handler = void (Planner::*)(const Operation&);
    static const std::map<std::string_view, Handler> handlers{{"linear", &Planner::linear},
                                                              {"matmul", &Planner::matmul},
                                                              {"conv2d", &Planner::conv2d},
                                                              {"batch_norm", &Planner::batch_norm},
                                                              {"relu", &Planner::activation},
                                                              {"leaky_relu", &Planner::activation},
                                                              {"sigmoid", &Planner::activation},
                                                              {"tanh", &Planner::activation},
                                                              {"silu", &Planner::activation},
                                                              {"gelu", &Planner::activation},
                                                              {"max_pool2d", &Planner::pool},
                                                              {"avg_pool2d", &Planner::pool},
                                                              {"adaptive_avg_pool2d", &Planner::pool},
                                                              {"mean", &Planner::mean},
                                                              {"add", &Planner::arithmetic},
                                                              {"sub", &Planner::arithmetic},
                                                              {"mul", &Planner::arithmetic},
                                                              {"add_scalar", &Planner::scalar},
                                                              {"mul_scalar", &Planner::scalar},
                                                              {"div_scalar", &Planner::scalar},
                                                              {"concat", &Planner::concat},
                                                              {"slice", &Planner::gather},
                                                              {"chunk", &Planner::gather},
                                                              {"permute", &Planner::gather},
                                                              {"transpose", &Planner::gather},
                                                              {"softmax", &Planner::softmax},
                                                              {"log_softmax", &Planner::softmax},
                                                              {"reshape", &Planner::reshape},
                                                              {"flatten", &Planner::reshape},
                                                              {"squeeze", &Planner::reshape},
                                                              {"unsqueeze", &Planner::reshape},
                                                              {"dropout", &Planner::same}};
    const auto found = handlers.find(operation.op->name);
    if (found == handlers.end()) refuse(operation);
    if (is_constant(operation.inputs[0])) refuse(operation, "of a constant");
    (this->*found->second)(operation);
  }

  Tensor bias_or_zeros(int v, int64_t size) {
    return v < 0 ? zeros({size}) : value(v).tensor.detach().clone();
  }

  void linear(const Operation& operation) {
    const Tensor weight = constant(operation, 1);
    if (value(operation.inputs[0]).shape.rank() != 2) refuse(operation, "of more than one row a sample");
    Step made = step(Kind::linear, operation);
    made.weight = weight;
    made.bias = bias_or_zeros(operation.inputs[2], weight.size(0));
    push(made);
  }

  void matmul(const Operation& operation) {
    const Tensor weight = constant(operation, 1);
    if (value(operation.inputs[0]).shape.rank() != 2 || weight.rank() != 2)
      refuse(operation, "but of rows by a matrix");
    Step made = step(Kind::linear, operation);
    made.weight = transpose(weight, 0, 1);
    made.bias = zeros({weight.size(1)});
    push(made);
  }

  void conv2d(const Operation& operation) {
    Step made = step(Kind::conv2d, operation);
    made.weight = constant(operation, 1);
    made.bias = bias_or_zeros(operation.inputs[2], made.weight.size(0));
    made.stride = equal(operation, "stride");
    made.padding = equal(operation, "padding");
    made.dilation = equal(operation, "dilation");
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
    Step made = step(Kind::scale_shift, operation);
    made.weight = Tensor(mean.shape());
    made.bias = Tensor(mean.shape());
    for (int64_t c = 0; c < mean.numel(); ++c) {
      const double deviation =
          std::sqrt(static_cast<double>(variance.data()[c]) + operation.attribute("eps"));
      const double scale = given(1, c, 1) / deviation;
      made.weight.mutable_data()[c] = static_cast<float>(scale);
      made.bias.mutable_data()[c] =
          static_cast<float>(given(2, c, 0) - static_cast<double>(mean.data()[c]) * scale);
    }
    push(made);
  }

  void activation(const Operation& operation) {
    static const std::map<std::string_view, Activation> named{
        {"relu", Activation::relu},       {"leaky_relu", Activation::leaky_relu},
        {"sigmoid", Activation::sigmoid}, {"tanh", Activation::tanh},
        {"silu", Activation::silu},       {"gelu", Activation::gelu}};
    Step made = step(Kind::activation, operation);
    made.activation = named.at(operation.op->name);
    if (made.activation == Activation::gelu && operation.attribute("tanh") != 0)
      made.activation = Activation::gelu_tanh;
    made.slope = operation.attribute("negative_slope");
    push(made);
  }

  void pool(const Operation& operation) {
    const std::string_view name = operation.op->name;
    if (equal(operation, "dilation") > 1) refuse(operation, "with dilation");
    Step made = step(name == "max_pool2d" ? Kind::max_pool2d : Kind::avg_pool2d, operation);
    made.kernel = equal(operation, "kernel");  // 0, as it is not there, if adaptive
    made.stride = std::max<int64_t>(1, equal(operation, "stride"));
    made.padding = equal(operation, "padding");
    made.count_include_pad = operation.attribute("count_include_pad") != 0;
    push(made);
  }

  // Over the pixels of an image.
  void mean(const Operation& operation) {
    const Shape& x = value(operation.inputs[0]).shape;
    std::vector<int64_t> dims;
    for (const auto& attribute : operation.attributes) {
      if (attribute.name == std::string_view("dim")) dims.push_back(static_cast<int64_t>(attribute.value));
    }
    std::ranges::sort(dims);
    if (x.rank() != 4 || dims != std::vector<int64_t>{2, 3}) refuse(operation, "but over dimensions 2 and 3");
    plan_.values.push_back(Shape{x[1], 1, 1});
    const int pooled = static_cast<int>(plan_.values.size()) - 1;
    Step made = step(Kind::reshape, operation);
    push({.kind = Kind::avg_pool2d,
          .inputs = made.inputs,
          .output = pooled,
          .weight = {},
          .bias = {},
          .from = {}});
    made.inputs = {pooled};
    push(made);
  }

  // One number for each channel of an operand that is broadcast over images.
  Tensor per_channel(const Operation& operation, const Tensor& operand, const Shape& x) {
    const int64_t channels = x[1], lead = x.rank() - operand.rank();
    if (operand.numel() == 1) return full({channels}, static_cast<double>(operand.data()[0]));
    const bool along_channels =
        operand.numel() == channels && lead <= 1 && operand.size(1 - lead) == channels;
    if (!along_channels) refuse(operation, "with a constant that is not one number a channel");
    return operand.detach().clone().view({channels});
  }

  void arithmetic(const Operation& operation) {
    const std::string_view name = operation.op->name;
    const int a = operation.inputs[0], b = operation.inputs[1];
    const Shape& x = value(a).shape;
    if (is_constant(b)) {
      const Tensor constants = per_channel(operation, value(b).tensor, x);
      Step made = step(Kind::scale_shift, operation);
      made.weight = name == "mul" ? constants : full(constants.shape(), 1);
      made.bias = name == "mul" ? zeros(constants.shape()) : name == "sub" ? mul(constants, -1) : constants;
      return push(made);
    }
    const Shape& other = value(b).shape;
    if (name == "mul" && x.rank() == 4 && other == Shape{x[0], x[1], 1, 1} && x != other) {
      Step made = step(Kind::scale_channels, operation);
      made.inputs.push_back(number_.at(b));
      return push(made);
    }
    if (x != other) refuse(operation, "of two shapes");
    Step made = step(name == "add" ? Kind::add : name == "sub" ? Kind::subtract : Kind::multiply, operation);
    made.inputs.push_back(number_.at(b));
    push(made);
  }

  void scalar(const Operation& operation) {
    const double number = operation.attribute("value");
    const std::string_view name = operation.op->name;
    Step made = step(Kind::scale_shift, operation);
    const Shape& x = plan_.values[static_cast<size_t>(made.output)];
    if (x.rank() == 0) refuse(operation, "of one number a sample");
    made.weight = full({x[0]}, name == "mul_scalar" ? number : name == "div_scalar" ? 1 / number : 1);
    made.bias = full({x[0]}, name == "add_scalar" ? number : 0);
    push(made);
  }

  void concat(const Operation& operation) {
    if (whole(operation, "dim") != 1) refuse(operation, "but along dimension 1");
    Step made = step(Kind::concat, operation);
    for (size_t i = 1; i < operation.inputs.size(); ++i) {
      if (is_constant(operation.inputs[i])) refuse(operation, "with a constant");
      made.inputs.push_back(number_.at(operation.inputs[i]));
    }
    push(made);
  }

  // Where each number goes is what the operation does to a sample that holds the numbers' places.
  void gather(const Operation& operation) {
    Step made = step(Kind::gather, operation);
    const Shape x = value(operation.inputs[0]).shape.with(0, 1);
    Tensor places(x);
    check(x.numel() < 1 << 24, "deploy: ", operation.op->name, " of more than 2^24 numbers a sample");
    for (int64_t i = 0; i < x.numel(); ++i) places.mutable_data()[i] = static_cast<float>(i);
    const std::string_view name = operation.op->name;
    if (name == "slice" || name == "chunk") {
      const int64_t dim = whole(operation, "dim");
      if (dim == 0) refuse(operation, "of samples");
      places = name == "slice" ? slice(places, dim, whole(operation, "begin"), whole(operation, "end"),
                                       whole(operation, "step"))
                               : chunk(places, whole(operation, "count"),
                                       dim)[static_cast<size_t>(whole(operation, "piece"))];
    } else {
      std::vector<int64_t> order;
      for (const auto& attribute : operation.attributes)
        order.push_back(static_cast<int64_t>(attribute.value));
      places = permute(places, order);
    }
    for (const float place : places.values()) made.from.push_back(static_cast<int32_t>(place));
    push(made);
  }

  void softmax(const Operation& operation) {
    const int64_t dim = whole(operation, "dim"), rank = value(operation.inputs[0]).shape.rank();
    const int64_t from_front = dim < 0 ? dim + rank : dim;
    if (from_front == 0) refuse(operation, "over samples");
    Step made = step(operation.op->name == std::string_view("softmax") ? Kind::softmax : Kind::log_softmax,
                     operation);
    made.dim = from_front - 1;
    push(made);
  }

  // In evaluation: the same value.
  void same(const Operation& operation) { number_[operation.output] = number_.at(operation.inputs[0]); }

  void reshape(const Operation& operation) { push(step(Kind::reshape, operation)); }

  Tensor constant(const Operation& operation, size_t input) {
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
