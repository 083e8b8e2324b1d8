#include <algorithm>
#include <cmath>

#include <tinynn/export/planner.hpp>
#include <tinynn/export/transposed.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/conv2d.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn::deploy {

using autograd::Attributes;

void Planner::linear(const Operation& operation) {
  const Tensor weight = constant(operation, 1);
  if (sample_of(operation).rank() != 1) refuse(operation, "of more than one row a sample");
  Step made = step(steps::linear, operation);
  made.weight = weight;
  made.bias = bias_or_zeros(operation.inputs[2], weight.size(0));
  push(made);
}

void Planner::matmul(const Operation& operation) {
  const Tensor weight = constant(operation, 1);
  if (sample_of(operation).rank() != 1 || weight.rank() != 2) refuse(operation, "but of rows by a matrix");
  Step made = step(steps::linear, operation);
  made.weight = transpose(weight, 0, 1);
  made.bias = zeros({weight.size(1)});
  push(made);
}

void Planner::conv2d(const Operation& operation) {
  const Attributes attributes = operation.attributes;
  Step made = step(steps::conv2d, operation);
  made.weight = constant(operation, 1);
  made.bias = bias_or_zeros(operation.inputs[2], made.weight.size(0));
  made.stride = attributes.size2("stride");
  made.padding = attributes.padding2d("padding");
  made.dilation = attributes.size2("dilation");
  made.groups = conv_groups(value(operation.inputs[0]).shape, made.weight.shape());
  push(made);
}

// A sequence is an image of one row.
void Planner::conv1d(const Operation& operation) {
  const Attributes attributes = operation.attributes;
  const Shape in = sample_of(operation), out = result_of(operation);
  const Tensor weight = constant(operation, 1);
  Step made = step(steps::reshape, operation);
  const int image = pushed({.kind = &steps::conv2d,
                            .inputs = {reshaped(made.inputs[0], {in[0], 1, in[1]})},
                            .output = 0,
                            .weight = reshape(weight, {weight.size(0), weight.size(1), 1, weight.size(2)}),
                            .bias = bias_or_zeros(operation.inputs[2], weight.size(0)),
                            .stride = {1, attributes.whole("stride")},
                            .dilation = {1, attributes.whole("dilation")},
                            .padding = {0, attributes.whole("padding")},
                            .groups = conv_groups(value(operation.inputs[0]).shape, weight.shape())},
                           {out[0], 1, out[1]});
  made.inputs = {image};
  push(made);
}

void Planner::conv_transpose2d(const Operation& operation) {
  const Attributes attributes = operation.attributes;
  const Tensor weight = constant(operation, 1);
  const int64_t groups = weight.size(1) == 0 ? 1 : result_of(operation)[0] / weight.size(1);
  Step made = step(transposed_conv2d, operation);
  made.weight = outputs_first(weight, groups);
  made.bias = bias_or_zeros(operation.inputs[2], made.weight.size(0));
  made.stride = attributes.size2("stride");
  made.padding = attributes.padding2d("padding");
  made.dilation = attributes.size2("dilation");
  made.groups = groups;
  push(made);
}

// y = (x - mean) / sqrt(var + eps) weight + bias
void Planner::batch_norm(const Operation& operation) {
  const Tensor mean = constant(operation, 3), variance = constant(operation, 4);
  const auto given = [&](size_t input, double otherwise) {
    return operation.inputs[input] < 0 ? full(mean.shape(), otherwise) : constant(operation, input);
  };
  const Tensor weight = given(1, 1), bias = given(2, 0);
  const double eps = Attributes(operation.attributes).number("eps");
  Step made = step(steps::scale_shift, operation);
  made.weight = Tensor(mean.shape());
  made.bias = Tensor(mean.shape());
  for (int64_t c = 0; c < mean.numel(); ++c) {
    const double scale =
        static_cast<double>(weight.data()[c]) / std::sqrt(static_cast<double>(variance.data()[c]) + eps);
    made.weight.mutable_data()[c] = static_cast<float>(scale);
    made.bias.mutable_data()[c] =
        static_cast<float>(static_cast<double>(bias.data()[c]) - static_cast<double>(mean.data()[c]) * scale);
  }
  push(made);
}

// Each row of the last dimensions, which weight and bias have.
void Planner::layer_norm(const Operation& operation) {
  const Shape x = sample_of(operation);
  int64_t rows = 1;
  const int64_t kept = x.rank() - Attributes(operation.attributes).whole("dims");
  if (kept < 0) refuse(operation, "over samples");
  for (int64_t d = 0; d < kept; ++d) rows *= x[d];
  const auto given = [&](size_t input, double otherwise) {
    return operation.inputs[input] < 0 ? full(x, otherwise)
                                       : tinynn::add(zeros(x), constant(operation, input));
  };
  normalized(operation, rows, given(1, 1), given(2, 0));
}

// Each group of channels.
void Planner::group_norm(const Operation& operation) {
  const int64_t channels = sample_of(operation)[0];
  const auto given = [&](size_t input, double otherwise) {
    return operation.inputs[input] < 0 ? full({channels}, otherwise) : constant(operation, input);
  };
  normalized(operation, channels / Attributes(operation.attributes).whole("channels_per_group"), given(1, 1),
             given(2, 0));
}

void Planner::normalized(const Operation& operation, int64_t rows, const Tensor& weight, const Tensor& bias) {
  if (is_constant(operation.inputs[0])) refuse(operation, "of a constant");
  Step made{.kind = &steps::normalize, .inputs = {number_.at(operation.inputs[0])}, .output = 0};
  made.groups = rows;
  made.parameters = {Attributes(operation.attributes).number("eps")};
  const bool affine = operation.inputs[1] >= 0 || operation.inputs[2] >= 0;
  if (affine) return scale_shift(operation, pushed(made, sample_of(operation)), weight, bias);
  made.output = add_value_of(operation.output);
  push(made);
}

void Planner::prelu(const Operation& operation) {
  const Tensor weight = constant(operation, 1);
  if (weight.numel() == 1) {
    Step made = step(*step_of_operation("leaky_relu"), operation);
    made.parameters = {static_cast<double>(weight.data()[0])};
    return push(made);
  }
  Step made = step(steps::prelu, operation);
  made.weight = weight;
  push(made);
}

// Of the last two dimensions, or of the last one.
void Planner::pad(const Operation& operation) {
  const Attributes attributes = operation.attributes;
  const Shape in = sample_of(operation), out = result_of(operation);
  const auto image = [](const Shape& of) {
    return of.rank() == 1 ? Shape{1, 1, of[0]} : of.rank() == 2 ? Shape{of[0], 1, of[1]} : of;
  };
  auto pads = attributes.list("pads");
  const size_t sides = in.rank() >= 3 ? 4 : 2;
  if (image(in).rank() != 3 || std::any_of(pads.begin() + static_cast<int64_t>(std::min(sides, pads.size())),
                                           pads.end(), [](int64_t p) { return p != 0; }))
    refuse(operation, "but of the rows and columns of images");
  pads.resize(4);
  Step made = step(steps::reshape, operation);
  Step padded{.kind = &steps::pad, .inputs = made.inputs, .output = 0};
  padded.padding = {pads[2], pads[3], pads[0], pads[1]};
  padded.parameters = {attributes.number("value")};
  if (in.rank() == 3) {
    padded.output = made.output;
    return push(padded);
  }
  padded.inputs = {reshaped(made.inputs[0], image(in))};
  made.inputs = {pushed(padded, image(out))};
  push(made);
}

// As a pool with a kernel, where all its windows are alike.
void Planner::adaptive_max_pool2d(const Operation& operation) {
  const Shape in = sample_of(operation), out = result_of(operation);
  if (in[1] % out[1] != 0 || in[2] % out[2] != 0) refuse(operation, "with windows that differ");
  Step made = step(steps::max_pool2d, operation);
  made.kernel = made.stride = {in[1] / out[1], in[2] / out[2]};
  push(made);
}

}  // namespace tinynn::deploy
