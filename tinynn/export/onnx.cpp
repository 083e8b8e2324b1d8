#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/version.hpp>
#include <tinynn/export/onnx.hpp>
#include <tinynn/io/atomic_file.hpp>

namespace tinynn::deploy {
namespace {

using Kind = Step::Kind;

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

  const Shape& shape(int v) const { return plan_.values[static_cast<size_t>(v)]; }
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

  std::string reshaped(const std::string& x, const Shape& to, const std::string& y) {
    std::vector<int64_t> sizes{-1};
    sizes.insert(sizes.end(), to.begin(), to.end());
    node("Reshape", {x, constant(sizes)}, y);
    return y;
  }

  std::string fresh() { return "between_" + std::to_string(++between_); }
  std::string computed(const char* type, const Names& inputs) {
    const std::string name = fresh();
    node(type, inputs, name);
    return name;
  }

  void print(const Step& step) {
    const std::string y = value(step.output);
    if (step.kind == Kind::activation) return activate(step, value(step.inputs[0]), y);
    if (step.activation == Activation::none) return print(step, y);
    const std::string before = fresh();
    print(step, before);
    activate(step, before, y);
  }

  void print(const Step& step, const std::string& y) {
    Names x;
    for (const int input : step.inputs) x.push_back(value(input));
    const Shape &in = shape(step.inputs[0]), &out = shape(step.output);
    switch (step.kind) {
      case Kind::linear:
        set(node("Gemm", {x[0], constant(step.weight), constant(step.bias)}, y), "transB", 1);
        break;
      case Kind::conv2d: {
        auto& conv = node("Conv", {x[0], constant(step.weight), constant(step.bias)}, y);
        windows(conv, step, step.weight.size(2), step.weight.size(3));
        set(conv, "dilations", {step.dilation, step.dilation});
        set(conv, "group", step.groups);
        break;
      }
      case Kind::scale_shift: {
        const auto dims = per_channel(in);
        node("Add", {computed("Mul", {x[0], constant(step.weight, dims)}), constant(step.bias, dims)}, y);
        break;
      }
      case Kind::max_pool2d: windows(node("MaxPool", x, y), step, step.kernel, step.kernel); break;
      case Kind::avg_pool2d: average(step, in, out, x[0], y); break;
      case Kind::add: node("Add", x, y); break;
      case Kind::subtract: node("Sub", x, y); break;
      case Kind::multiply:
      case Kind::scale_channels: node("Mul", x, y); break;
      case Kind::concat: set(node("Concat", x, y), "axis", 1); break;
      case Kind::gather: {
        const std::string flat = reshaped(x[0], Shape{in.numel()}, fresh()), picked = fresh();
        const std::vector<int64_t> from(step.from.begin(), step.from.end());
        set(node("Gather", {flat, constant(from)}, picked), "axis", 1);
        reshaped(picked, out, y);
        break;
      }
      case Kind::softmax: set(node("Softmax", x, y), "axis", step.dim + 1); break;
      case Kind::log_softmax: set(node("LogSoftmax", x, y), "axis", step.dim + 1); break;
      case Kind::reshape: reshaped(x[0], out, y); break;
      case Kind::activation: break;
    }
  }

  static void windows(onnx::NodeProto& to, const Step& step, int64_t kh, int64_t kw) {
    set(to, "kernel_shape", {kh, kw});
    set(to, "strides", {step.stride, step.stride});
    set(to, "pads", {step.padding, step.padding, step.padding, step.padding});
  }

  void average(const Step& step, const Shape& in, const Shape& out, const std::string& x,
               const std::string& y) {
    if (step.kernel > 0) {
      auto& pool = node("AveragePool", {x}, y);
      windows(pool, step, step.kernel, step.kernel);
      return set(pool, "count_include_pad", step.count_include_pad ? 1 : 0);
    }
    check(in[1] % out[1] == 0 && in[2] % out[2] == 0,
          "onnx: there is no operator for adaptive_avg_pool2d from ", in, " to ", out,
          ", whose windows differ");
    auto& pool = node("AveragePool", {x}, y);
    set(pool, "kernel_shape", {in[1] / out[1], in[2] / out[2]});
    set(pool, "strides", {in[1] / out[1], in[2] / out[2]});
  }

  void activate(const Step& step, const std::string& x, const std::string& y) {
    switch (step.activation) {
      case Activation::none: node("Identity", {x}, y); break;
      case Activation::relu: node("Relu", {x}, y); break;
      case Activation::leaky_relu: {
        auto& leaky = node("LeakyRelu", {x}, y);
        auto& slope = *leaky.add_attribute();
        slope.set_name("alpha");
        slope.set_type(onnx::AttributeProto::FLOAT);
        slope.set_f(static_cast<float>(step.slope));
        break;
      }
      case Activation::sigmoid: node("Sigmoid", {x}, y); break;
      case Activation::tanh: node("Tanh", {x}, y); break;
      case Activation::silu: node("Mul", {x, computed("Sigmoid", {x})}, y); break;
      case Activation::gelu: {  // x / 2 (1 + erf(x / sqrt 2))
        const auto erf = computed("Erf", {computed("Mul", {x, constant(0.70710678118654752)})});
        half_of_both(x, erf, y);
        break;
      }
      case Activation::gelu_tanh: {  // x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
        const auto cube = computed("Mul", {computed("Mul", {x, x}), x});
        const auto sum = computed("Add", {x, computed("Mul", {cube, constant(0.044715)})});
        half_of_both(x, computed("Tanh", {computed("Mul", {sum, constant(0.79788456080286536)})}), y);
        break;
      }
    }
  }
  // y = x / 2 (1 + t)
  void half_of_both(const std::string& x, const std::string& t, const std::string& y) {
    node("Mul", {computed("Mul", {x, constant(0.5)}), computed("Add", {t, constant(1)})}, y);
  }

  const Plan& plan_;
  onnx::ModelProto model_;
  onnx::GraphProto* graph_ = nullptr;
  int between_ = 0;
};

}  // namespace

std::string to_onnx(const Plan& plan, const std::string& name) { return Printer(plan, name).bytes(); }

void write_onnx(const Plan& plan, const std::string& name, const std::filesystem::path& path) {
  io::write_file_atomically(path, to_onnx(plan, name));
}

}  // namespace tinynn::deploy
