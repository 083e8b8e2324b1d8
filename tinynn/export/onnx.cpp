#include <charconv>
#include <string_view>

#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/version.hpp>
#include <tinynn/export/onnx.hpp>
#include <tinynn/io/atomic_file.hpp>

namespace tinynn::deploy {
namespace {

class Printer {
 public:
  Printer(const Plan& plan, const std::string& name) : plan_(plan) {
    model_.set_ir_version(7);
    model_.set_producer_name("tinynn");
    model_.set_producer_version(version());
    model_.add_opset_import()->set_version(13);
    graph_ = model_.mutable_graph();
    graph_->set_name(name);
    describe("input", plan.input, *graph_->add_input());
    for (const Step& step : plan.steps) print(step);
    node("Identity", {value(plan.output)}, "output");
    describe("output", plan.output, *graph_->add_output());
  }

  std::string bytes() const {
    try {
      onnx::checker::check_model(model_);
    } catch (const std::exception& error) {
      fail("onnx: ", error.what());
    }
    return model_.SerializeAsString();
  }

 private:
  using Names = std::vector<std::string>;

  const Shape& shape(int v) const { return plan_.values[v]; }
  std::string value(int v) const { return v == plan_.input ? "input" : "value_" + std::to_string(v); }

  void describe(const char* name, int v, onnx::ValueInfoProto& info) const {
    info.set_name(name);
    auto* tensor = info.mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(onnx::TensorProto::FLOAT);
    tensor->mutable_shape()->add_dim()->set_dim_param("n");
    for (const int64_t size : shape(v)) tensor->mutable_shape()->add_dim()->set_dim_value(size);
  }

  onnx::NodeProto& node(const char* type, const Names& inputs, const std::string& output) {
    auto& made = *graph_->add_node();
    made.set_op_type(type);
    made.set_name(type + ("_" + std::to_string(graph_->node_size())));
    for (const auto& input : inputs) made.add_input(input);
    made.add_output(output);
    return made;
  }
  static void set(onnx::NodeProto& to, const char* name, int64_t number) {
    auto& attribute = *to.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(number);
  }
  static void set(onnx::NodeProto& to, const char* name, const std::vector<int64_t>& numbers) {
    auto& attribute = *to.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INTS);
    for (const int64_t number : numbers) attribute.add_ints(number);
  }

  onnx::TensorProto& constant(const std::vector<int64_t>& dims, onnx::TensorProto::DataType type) {
    auto& made = *graph_->add_initializer();
    made.set_name("constant_" + std::to_string(graph_->initializer_size()));
    made.set_data_type(type);
    for (const int64_t size : dims) made.add_dims(size);
    return made;
  }
  std::string constant(const Tensor& tensor, const std::vector<int64_t>& dims) {
    auto& made = constant(dims, onnx::TensorProto::FLOAT);
    for (const float number : tensor.values()) made.add_float_data(number);
    return made.name();
  }
  std::string constant(const Tensor& tensor) {
    return constant(tensor, {tensor.shape().begin(), tensor.shape().end()});
  }
  std::string constant(double number) { return constant(full({1}, number), std::vector<int64_t>{}); }
  std::string constant(const std::vector<int64_t>& numbers) {
    auto& made = constant({static_cast<int64_t>(numbers.size())}, onnx::TensorProto::INT64);
    for (const int64_t number : numbers) made.add_int64_data(number);
    return made.name();
  }

  // One number a channel, to be broadcast over a value of that shape with its samples.
  static std::vector<int64_t> per_channel(const Shape& of) {
    std::vector<int64_t> dims(static_cast<size_t>(of.rank()), 1);
    dims[0] = of[0];
    return dims;
  }

  std::string fresh() { return "between_" + std::to_string(++between_); }

  void print(const Step& step) {
    const std::string y = value(step.output);
    if (step.activation == nullptr) return apply(step, *step.kind, step.parameters, value(step.inputs[0]), y);
    const std::string before = fresh();
    apply(step, *step.kind, step.parameters, value(step.inputs[0]), before);
    apply(step, *step.activation, step.activation_parameters, before, y);
  }

  void apply(const Step& step, const StepKind& kind, const std::array<double, 2>& parameters,
             const std::string& x, const std::string& y) {
    check(kind.onnx != nullptr, "onnx: there is no operator for ", kind.name);
    step_ = &step;
    parameters_ = parameters;
    x_ = x;
    text_ = kind.onnx;
    evaluate(y);
  }

  // The table's expressions, an operator with what it takes and its attributes: "Mul(x, HardSigmoid(x;
  // alpha=0.2))".

  std::string word() {
    text_.remove_prefix(std::min(text_.size(), text_.find_first_not_of(' ')));
    const auto word = text_.substr(0, text_.find_first_of("(),;= "));
    text_.remove_prefix(word.size());
    return std::string(word);
  }
  bool skip(char c) {
    text_.remove_prefix(std::min(text_.size(), text_.find_first_not_of(' ')));
    const bool there = text_.starts_with(c);
    if (there) text_.remove_prefix(1);
    return there;
  }

  // The name of what the next operator, operand or number gives; an operator's result is `y` if that is not
  // empty.
  std::string evaluate(const std::string& y = {}) {
    const std::string name = word();
    if (!skip('(')) return operand(name);
    Names inputs;
    while (!text_.starts_with(';') && !text_.starts_with(')')) {
      if (text_.starts_with("all")) {
        word();
        for (const int input : step_->inputs) inputs.push_back(value(input));
      } else {
        inputs.push_back(evaluate());
      }
      skip(',');
    }
    auto& made = node(name.c_str(), inputs, y.empty() ? fresh() : y);
    const std::string result = made.output(0);
    if (skip(';')) {
      do {
        const std::string attribute = word();
        skip('=');
        set(made, attribute, word());
      } while (skip(','));
    }
    check(skip(')'), "onnx: an expression of ", step_->kind->name, " has no end");
    return result;
  }

  std::string operand(const std::string& name) {
    const Shape& in = shape(step_->inputs[0]);
    const bool per_channel_constants = !step_->kind->has_weight;
    const auto of_step = [&](const Tensor& tensor) {
      return per_channel_constants ? constant(tensor, per_channel(in)) : constant(tensor);
    };
    const auto with_samples = [](const Shape& shape) {
      std::vector<int64_t> sizes{-1};
      sizes.insert(sizes.end(), shape.begin(), shape.end());
      return sizes;
    };
    if (name == "x") return x_;
    if (name == "y") return value(step_->inputs[1]);
    if (name == "w") return of_step(step_->weight);
    if (name == "b") return of_step(step_->bias);
    if (name == "from") return constant(std::vector<int64_t>(step_->from.begin(), step_->from.end()));
    if (name == "flat") return constant(with_samples(Shape{in.numel()}));
    if (name == "axis") return constant(std::vector{step_->dim + 1});
    if (name == "rows") return constant(with_samples(Shape{step_->groups, in.numel() / step_->groups}));
    if (name == "ones") return constant(ones({step_->groups}));
    if (name == "zeros") return constant(zeros({step_->groups}));
    if (name == "pads") {
      const Padding2d& p = step_->padding;
      return constant(std::vector<int64_t>{0, 0, p.top, p.left, 0, 0, p.bottom, p.right});
    }
    if (name == "result") return constant(with_samples(shape(step_->output)));
    return constant(number(name));
  }

  // p and q are the step's parameters; anything else is written out.
  double number(const std::string& text) const {
    if (text == "p") return parameters_[0];
    if (text == "q") return parameters_[1];
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    check(error == std::errc() && end == text.data() + text.size(), "onnx: \"", text, "\" is no number");
    return number;
  }

  void set(onnx::NodeProto& to, const std::string& name, const std::string& what) {
    const Step& s = *step_;
    const auto list = [&](const std::vector<int64_t>& numbers) { set(to, name.c_str(), numbers); };
    const bool convolves = s.weight.defined() && s.weight.rank() == 4;
    if (what == "kernel")
      return list(convolves ? std::vector{s.weight.size(2), s.weight.size(3)}
                            : std::vector{s.kernel.h, s.kernel.w});
    if (what == "stride") return list({s.stride.h, s.stride.w});
    if (what == "dilation") return list({s.dilation.h, s.dilation.w});
    if (what == "padding") return list({s.padding.top, s.padding.left, s.padding.bottom, s.padding.right});
    if (what == "share") return list(share());
    if (what == "groups") return set(to, name.c_str(), s.groups);
    if (what == "axis") return list({s.dim + 1});
    if (what == "dim") return set(to, name.c_str(), s.dim + 1);
    if (what == "count_include_pad") return set(to, name.c_str(), int64_t{s.count_include_pad});
    const bool whole = what.find_first_not_of("0123456789") == std::string::npos;
    if (whole) return set(to, name.c_str(), static_cast<int64_t>(number(what)));
    auto& attribute = *to.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::FLOAT);
    attribute.set_f(static_cast<float>(number(what)));
  }

  // Of the image for each pixel of the result.
  std::vector<int64_t> share() const {
    const Shape &in = shape(step_->inputs[0]), &out = shape(step_->output);
    check(in[1] % out[1] == 0 && in[2] % out[2] == 0, "onnx: there is no operator for ", step_->kind->name,
          " from ", in, " to ", out, ", whose windows differ");
    return {in[1] / out[1], in[2] / out[2]};
  }

  const Plan& plan_;
  onnx::ModelProto model_;
  onnx::GraphProto* graph_ = nullptr;
  int between_ = 0;
  // What is being printed: a step, its input, its parameters, and the rest of the expression.
  const Step* step_ = nullptr;
  std::string x_;
  std::array<double, 2> parameters_ = {};
  std::string_view text_;
};

}  // namespace

std::string to_onnx(const Plan& plan, const std::string& name) {
  check(plan.formats.empty(), "onnx: the plan is in eight bits, expected floats");
  return Printer(plan, name).bytes();
}

void write_onnx(const Plan& plan, const std::string& name, const std::filesystem::path& path) {
  io::write_file_atomically(path, to_onnx(plan, name));
}

}  // namespace tinynn::deploy
