#include <algorithm>

#include <tinynn/core/fork.hpp>
#include <tinynn/kernels/activation.h>
#include <tinynn/kernels/combine.h>
#include <tinynn/program/instructions.hpp>
#include <tinynn/program/step_instructions.hpp>
#include <tinynn/program/step_shapes.hpp>

namespace tinynn::deploy {
namespace {

using Parameters = std::array<double, 2>;

// Functions of one number, with up to two parameters, as rows hold them.
template <float (*f)(float)>
void each(int64_t count, float* x, const Parameters&) {
  for (int64_t i = 0; i < count; ++i) x[i] = f(x[i]);
}
template <float (*f)(float, float)>
void each(int64_t count, float* x, const Parameters& parameters) {
  const auto a = static_cast<float>(parameters[0]);
  for (int64_t i = 0; i < count; ++i) x[i] = f(x[i], a);
}

template <float (*f)(float, float, float)>
void each(int64_t count, float* x, const Parameters& parameters) {
  const auto a = static_cast<float>(parameters[0]), b = static_cast<float>(parameters[1]);
  for (int64_t i = 0; i < count; ++i) x[i] = f(x[i], a, b);
}

constexpr auto map_call = "tinynn_map($count, $x, $y, $f);";

// An activation: `name` is that of the operation, of its parameters in order, and of the function in
// kernels/activation.h.
constexpr StepKind activation(const char* name, Activate activate, const char* onnx,
                              std::array<const char*, 2> parameters = {}) {
  return {.name = name,
          .shape = shape_of::same,
          .make = instruction_of::copy,
          .operation = name,
          .parameters = parameters,
          .onnx = onnx,
          .header = map_call,
          .activate = activate};
}

// Of two values, number by number.
constexpr StepKind of_two(Instruction (*make)(const StepMaker&), const char* name, const char* onnx,
                          const char* header) {
  return {.name = name, .shape = shape_of::equal, .make = make, .inputs = 2, .onnx = onnx, .header = header};
}

}  // namespace

namespace steps {

const StepKind linear{.name = "linear",
                      .shape = shape_of::linear,
                      .make = make_linear,
                      .onnx = "Gemm(x, w, b; transB=1)",
                      .header = "tinynn_linear_$storage($outputs, $inputs, $x, $weights, $bias, $result);",
                      .has_weight = true};

const StepKind conv2d{
    .name = "conv2d",
    .shape = shape_of::conv2d,
    .make = make_conv2d,
    .onnx =
        "Conv(x, w, b; kernel_shape=kernel, strides=stride, pads=padding, dilations=dilation, group=groups)",
    .header =
        "const tinynn_conv $name = {$conv};\n"
        "  tinynn_conv2d_$storage($name, $x, $weights, $bias, $sums, $result);",
    .has_weight = true};

// y[c] = x[c] weight[c] + bias[c], for each channel (the first dimension)
const StepKind scale_shift{.name = "scale_shift",
                           .shape = shape_of::scale_shift,
                           .make = instruction_of::scale_shift,
                           .onnx = "Add(Mul(x, w), b)",
                           .header = "tinynn_scale_shift($channels, $each, $x, $scale, $shift, $y, $f);"};

const StepKind max_pool2d{
    .name = "max_pool2d",
    .shape = shape_of::pool2d,
    .make = instruction_of::max_pool2d,
    .operation = "max_pool2d",
    .onnx = "MaxPool(x; kernel_shape=kernel, strides=stride, pads=padding, dilations=dilation)",
    .header = "const tinynn_pool $name = {$pool};\n  tinynn_max_pool2d($name, $x, $y, $relu);",
    .selects = true};

const StepKind avg_pool2d{
    .name = "avg_pool2d",
    .shape = shape_of::pool2d,
    .make = instruction_of::avg_pool2d,
    .operation = "avg_pool2d",
    .onnx =
        "AveragePool(x; kernel_shape=kernel, strides=stride, pads=padding, "
        "count_include_pad=count_include_pad)",
    .header = "const tinynn_pool $name = {$pool};\n  tinynn_avg_pool2d($name, $x, $y, $divisor, $f);"};

// As many windows as the output has pixels.
const StepKind adaptive_avg_pool2d{
    .name = "adaptive_avg_pool2d",
    .shape = shape_of::adaptive_pool2d,
    .make = instruction_of::avg_pool2d,
    .operation = "adaptive_avg_pool2d",
    .onnx = "AveragePool(x; kernel_shape=share, strides=share)",
    .header = "const tinynn_pool $name = {$pool};\n  tinynn_avg_pool2d($name, $x, $y, $divisor, $f);"};

const StepKind add = of_two(instruction_of::add, "add", "Add(x, y)",
                            "tinynn_combine($count, $x, $second, $y, tinynn_plus, $f);");
const StepKind subtract = of_two(instruction_of::combine<tinynn_minus>, "subtract", "Sub(x, y)",
                                 "tinynn_combine($count, $x, $second, $y, tinynn_minus, $f);");
const StepKind multiply = of_two(instruction_of::combine<tinynn_times>, "multiply", "Mul(x, y)",
                                 "tinynn_combine($count, $x, $second, $y, tinynn_times, $f);");
const StepKind divide = of_two(instruction_of::combine<tinynn_over>, "divide", "Div(x, y)",
                               "tinynn_combine($count, $x, $second, $y, tinynn_over, $f);");
const StepKind maximum = of_two(instruction_of::combine<tinynn_larger>, "maximum", "Max(x, y)",
                                "tinynn_combine($count, $x, $second, $y, tinynn_larger, $f);");
const StepKind minimum = of_two(instruction_of::combine<tinynn_smaller>, "minimum", "Min(x, y)",
                                "tinynn_combine($count, $x, $second, $y, tinynn_smaller, $f);");

// x[c] times input 1's number c
const StepKind scale_channels{.name = "scale_channels",
                              .shape = shape_of::scale_channels,
                              .make = instruction_of::scale_channels,
                              .inputs = 2,
                              .onnx = "Mul(x, y)",
                              .header = "tinynn_scale_channels($channels, $each, $x, $second, $y, $f);"};

// y[c] = x[c], or times weight[c] where that is below zero, for each channel
const StepKind prelu{.name = "prelu",
                     .shape = shape_of::prelu,
                     .make = instruction_of::prelu,
                     .onnx = "PRelu(x, w)",
                     .header = "tinynn_prelu($channels, $each, $x, $scale, $y, $f);"};

// An image in the middle of its parameter.
const StepKind pad{.name = "pad",
                   .shape = shape_of::pad,
                   .make = instruction_of::pad,
                   .parameters = {"value"},
                   .onnx = "Pad(x, pads, p)",
                   .header = "tinynn_pad($frame, $x, $y, $f);"};

// Along "dim", of which one number is left.
const StepKind sum{.name = "sum",
                   .shape = shape_of::reduced,
                   .make = instruction_of::sum,
                   .onnx = "ReduceSum(x, axis; keepdims=1)",
                   .header = "tinynn_reduce($outer, $columns, $inner, $x, $y, tinynn_plus, $f);"};
const StepKind amax{.name = "amax",
                    .shape = shape_of::reduced,
                    .make = instruction_of::amax,
                    .onnx = "ReduceMax(x; axes=axis, keepdims=1)",
                    .header = "tinynn_reduce($outer, $columns, $inner, $x, $y, tinynn_larger, $f);"};

// As many rows as it has groups, each to mean 0 and variance 1.
const StepKind normalize{
    .name = "normalize",
    .shape = shape_of::normalize,
    .make = instruction_of::normalize,
    .parameters = {"eps"},
    .onnx = "Reshape(InstanceNormalization(Reshape(x, rows), ones, zeros; epsilon=p), result)",
    .header = "tinynn_normalize($groups, $width, $eps, $x, $y, $f);"};

// Along the first dimension.
const StepKind concat{.name = "concat",
                      .shape = shape_of::concat,
                      .make = instruction_of::concat,
                      .inputs = StepKind::any,
                      .onnx = "Concat(all; axis=1)",
                      .header = "tinynn_map($size, $part, tinynn_from($y, $place), $f);"};

// y[i] = x[from[i]]
const StepKind gather{.name = "gather",
                      .shape = shape_of::gather,
                      .make = instruction_of::gather,
                      .onnx = "Reshape(Gather(Reshape(x, flat), from; axis=1), result)",
                      .header = "tinynn_gather($count, $x, $from, $y, $relu);",
                      .selects = true,
                      .header_of_slice = "tinynn_copy($count, tinynn_from($x, $first), $y, $relu);"};

const StepKind softmax{.name = "softmax",
                       .shape = shape_of::along,
                       .make = instruction_of::softmax,
                       .operation = "softmax",
                       .onnx = "Softmax(x; axis=dim)",
                       .header = "tinynn_softmax($outer, $columns, $inner, $x, $y);",
                       .in_floats = true};
const StepKind log_softmax{.name = "log_softmax",
                           .shape = shape_of::along,
                           .make = instruction_of::log_softmax,
                           .operation = "log_softmax",
                           .onnx = "LogSoftmax(x; axis=dim)",
                           .header = "tinynn_log_softmax($outer, $columns, $inner, $x, $y);",
                           .in_floats = true};

const StepKind reshape{.name = "reshape",
                       .shape = shape_of::reshape,
                       .make = nullptr,
                       .onnx = "Reshape(x, result)",
                       .header = "",
                       .selects = true};

const StepKind relu = activation("relu", each<tinynn_relu>, "Relu(x)");

}  // namespace steps

namespace {

const StepKind activations[] = {
    activation("leaky_relu", each<tinynn_leaky_relu>, "LeakyRelu(x; alpha=p)", {"negative_slope"}),
    activation("relu6", each<tinynn_relu6>, "Clip(x, 0, 6)"),
    activation("hardsigmoid", each<tinynn_hardsigmoid>,
               "HardSigmoid(x; alpha=0.16666666666666667, beta=0.5)"),
    activation("hardswish", each<tinynn_hardswish>,
               "Mul(x, HardSigmoid(x; alpha=0.16666666666666667, beta=0.5))"),
    activation("elu", each<tinynn_elu>, "Elu(x; alpha=p)", {"alpha"}),
    activation("clamp", each<tinynn_clamp>, "Clip(x, p, q)", {"low", "high"}),
    activation("sigmoid", each<tinynn_sigmoid>, "Sigmoid(x)"),
    activation("tanh", each<tinynn_tanh>, "Tanh(x)"),
    activation("silu", each<tinynn_silu>, "Mul(x, Sigmoid(x))"),
    activation("abs", each<tinynn_abs>, "Abs(x)"),
    activation("sqrt", each<tinynn_sqrt>, "Sqrt(x)"),
    activation("exp", each<tinynn_exp>, "Exp(x)"),
    activation("log", each<tinynn_log>, "Log(x)"),
    activation("pow", each<tinynn_pow>, "Pow(x, p)", {"exponent"}),
    activation("scalar_div", each<tinynn_scalar_div>, "Div(p, x)", {"value"}),
    activation("gelu", each<tinynn_gelu>, "Mul(Mul(x, 0.5), Add(Erf(Mul(x, 0.70710678118654752)), 1))"),
    activation(
        "gelu_tanh", each<tinynn_gelu_tanh>,
        "Mul(Mul(x, 0.5), Add(Tanh(Mul(Add(x, Mul(Mul(Mul(x, x), x), 0.044715)), 0.79788456080286536)), 1))"),
};

}  // namespace

std::span<const StepKind* const> step_table() {
  static const auto table = [] {
    using namespace steps;
    std::vector<const StepKind*> rows{&linear,
                                      &conv2d,
                                      &scale_shift,
                                      &max_pool2d,
                                      &avg_pool2d,
                                      &adaptive_avg_pool2d,
                                      &add,
                                      &subtract,
                                      &multiply,
                                      &divide,
                                      &maximum,
                                      &minimum,
                                      &scale_channels,
                                      &prelu,
                                      &pad,
                                      &sum,
                                      &amax,
                                      &normalize,
                                      &concat,
                                      &gather,
                                      &softmax,
                                      &log_softmax,
                                      &reshape,
                                      &relu};
    for (const StepKind& row : activations) rows.push_back(&row);
    return rows;
  }();
  return table;
}
static const tinynn::detail::MadeBeforeMain table_is_made(step_table);

const StepKind* find_step(std::string_view name) {
  const auto found =
      std::ranges::find_if(step_table(), [=](const StepKind* row) { return row->name == name; });
  return found == step_table().end() ? nullptr : *found;
}

const StepKind* step_of_operation(std::string_view operation) {
  const auto found = std::ranges::find_if(step_table(), [=](const StepKind* row) {
    return row->operation != nullptr && row->operation == operation;
  });
  return found == step_table().end() ? nullptr : *found;
}

bool takes_activation(const StepKind& kind, const StepKind& activation) {
  if (activation.activate == nullptr || kind.activate != nullptr) return false;
  if (kind.make == nullptr && !kind.has_weight) return false;  // a reshape
  if (kind.selects) return &activation == &steps::relu;
  return !kind.in_floats;
}

}  // namespace tinynn::deploy
