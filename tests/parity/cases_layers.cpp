// Layers as users make them: their defaults, the names of their parameters and their running statistics. The
// inputs after "x" are the parameters, by name; both sides refuse names or shapes that are not theirs.
#include <stdexcept>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/conv1d.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/conv_transpose2d.hpp>
#include <tinynn/nn/group_norm.hpp>
#include <tinynn/nn/layer_norm.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/prelu.hpp>
#include <tinynn/ops/arithmetic.hpp>

#include "tests/parity/draws.hpp"
#include "tests/support/pool2d_sizes.hpp"

using namespace tinynn;

namespace test::parity {
namespace {

// The gradients of x and the parameters, and the buffers after `calls` forward passes.
Results run_layer(nn::Module& layer, const Trial& trial, int64_t calls = 1) {
  auto parameters = layer.named_parameters();
  check(parameters.size() + 1 == trial.inputs.size(), "the layer has ", parameters.size(), " parameters");
  for (auto& [name, parameter] : parameters) parameter.assign(trial.input(name));

  Tensor x = trial.input("x").clone();
  x.set_requires_grad();
  for (int64_t i = 1; i < calls; ++i) layer(x * (0.5 * static_cast<double>(i)));
  const Tensor y = layer(x);
  y.backward(output_gradient(y.shape()));
  Results results{y.detach(), x.grad()};
  for (size_t i = 1; i < trial.inputs.size(); ++i) {
    for (auto& [name, parameter] : parameters) {
      if (name == trial.inputs[i].first) results.push_back(parameter.grad());
    }
  }
  for (auto& [name, buffer] : layer.named_buffers()) results.push_back(buffer);
  return results;
}

template <class Make>
Case layer(const char* name, std::function<Trial(Draw&)> draw, Make make) {
  return {name, std::move(draw), [make](const Trial& trial) {
            auto made = make(trial);
            return run_layer(made, trial);
          }};
}

Trial draw_image(Draw& draw) {
  return {.options = {},
          .inputs = {{"x", between(draw,
                                   {draw.between(1, 3), draw.between(1, 4), draw.between(5, 8),
                                    draw.between(5, 8)},
                                   -4, 4)}},
          .labels = {}};
}

Trial draw_linear_layer(Draw& draw) {
  const int64_t in = draw.between(1, 12), out = draw.between(1, 12);
  Trial trial{.options = {{"in", {double(in)}}, {"out", {double(out)}}, {"bias", {draw.coin() ? 1.0 : 0.0}}},
              .inputs = {{"x", draw.tensor({draw.between(1, 6), in})}, {"weight", draw.tensor({out, in})}},
              .labels = {}};
  if (trial.flag("bias")) trial.inputs.emplace_back("bias", draw.tensor({out}));
  return trial;
}

Trial draw_conv2d_layer(Draw& draw) {
  const int64_t groups = draw.coin() ? 1 : draw.between(2, 4);
  const int64_t in = groups * draw.between(1, 3), out = groups * draw.between(1, 3);
  const Size2 kernel = draw_size2(draw, 1, 3);
  Trial trial{.options = {{"in", {double(in)}},
                          {"out", {double(out)}},
                          {"kernel", numbers(kernel)},
                          {"stride", numbers(draw_size2(draw, 1, 3))},
                          {"padding", numbers(draw_size2(draw, 0, 2))},
                          {"dilation", numbers(draw_size2(draw, 1, 2))},
                          {"groups", {double(groups)}},
                          {"bias", {draw.coin() ? 1.0 : 0.0}}},
              .inputs = {{"x", draw.tensor({draw.between(1, 3), in, draw.between(5, 8), draw.between(5, 8)})},
                         {"weight", draw.tensor({out, in / groups, kernel.h, kernel.w})}},
              .labels = {}};
  if (trial.flag("bias")) trial.inputs.emplace_back("bias", draw.tensor({out}));
  return trial;
}

nn::Conv2d make_conv2d(const Trial& t) {
  return nn::Conv2d(t.integer("in"), t.integer("out"), size2(t, "kernel"),
                    {.stride = size2(t, "stride"),
                     .padding = {t.integers("padding")[0], t.integers("padding")[1]},
                     .dilation = size2(t, "dilation"),
                     .groups = t.integer("groups"),
                     .bias = t.flag("bias")});
}

Trial draw_conv1d_layer(Draw& draw) {
  Trial trial = draw_conv2d_layer(draw);
  const Shape &x = trial.input("x").shape(), &weight = trial.input("weight").shape();
  trial.inputs[0].second = draw.tensor({x[0], x[1], x[2]});
  trial.inputs[1].second = draw.tensor({weight[0], weight[1], weight[2]});
  return trial;
}

nn::Conv1d make_conv1d(const Trial& t) {
  return nn::Conv1d(t.integer("in"), t.integer("out"), size2(t, "kernel").h,
                    {.stride = size2(t, "stride").h,
                     .padding = size2(t, "padding").h,
                     .dilation = size2(t, "dilation").h,
                     .groups = t.integer("groups"),
                     .bias = t.flag("bias")});
}

Trial draw_sequence(Draw& draw) {
  return {
      .options = {},
      .inputs = {{"x", between(draw, {draw.between(1, 3), draw.between(1, 4), draw.between(5, 8)}, -4, 4)}},
      .labels = {}};
}

Trial draw_conv_transpose2d_layer(Draw& draw) {
  Trial trial = draw_conv2d_layer(draw);
  const auto in = trial.integer("in"), out = trial.integer("out"), groups = trial.integer("groups");
  const Size2 kernel = size2(trial, "kernel"), stride = size2(trial, "stride");
  trial.options["padding"] = {0, 0};
  trial.options["output_padding"] = numbers(Size2(draw.between(0, stride.h - 1), stride.w - 1));
  trial.inputs[1].second = draw.tensor({in, out / groups, kernel.h, kernel.w});
  return trial;
}

nn::ConvTranspose2d make_conv_transpose2d(const Trial& t) {
  return nn::ConvTranspose2d(t.integer("in"), t.integer("out"), size2(t, "kernel"),
                             {.stride = size2(t, "stride"),
                              .padding = {t.integers("padding")[0], t.integers("padding")[1]},
                              .output_padding = size2(t, "output_padding"),
                              .dilation = size2(t, "dilation"),
                              .groups = t.integer("groups"),
                              .bias = t.flag("bias")});
}

Trial draw_prelu_layer(Draw& draw) {
  Trial trial = draw_image(draw);
  const int64_t slopes = draw.coin() ? 1 : trial.input("x").size(1);
  trial.options["num_parameters"] = {double(slopes)};
  trial.inputs.emplace_back("weight", draw.tensor({slopes}));
  return trial;
}

// Defaults on every other trial; with few options drawn apart from them.
std::function<Trial(Draw&)> draw_batch_norm(bool images) {
  return [images](Draw& draw) {
    // Of two values a channel, rounding alone would be left of the gradient of x.
    const int64_t n = draw.between(4, 7), c = draw.between(1, 5);
    const Shape shape = images ? Shape{n, c, draw.between(1, 4), draw.between(1, 4)} : Shape{n, c};
    const bool defaults = draw.coin(), affine = defaults || draw.coin();
    Trial trial{.options = {{"channels", {double(c)}},
                            {"momentum", {defaults ? 0.1 : draw.fraction()}},
                            {"eps", {defaults ? 1e-5 : 1e-2}},
                            {"affine", {affine ? 1.0 : 0.0}},
                            {"eval", {draw.coin() ? 1.0 : 0.0}}},
                .inputs = {{"x", between(draw, shape, -3, 3)}},
                .labels = {}};
    if (affine) {
      trial.inputs.emplace_back("weight", draw.tensor({c}));
      trial.inputs.emplace_back("bias", draw.tensor({c}));
    }
    return trial;
  };
}

Trial draw_layer_norm_layer(Draw& draw) {
  const Shape last{draw.between(1, 4), draw.between(4, 9)};
  const double affine = draw.coin() ? 1 : 0;
  Trial trial{.options = {{"sizes", {double(last[0]), double(last[1])}},
                          {"eps", {draw.coin() ? 1e-5 : 1e-2}},
                          {"affine", {affine}}},
              .inputs = {{"x", between(draw, {draw.between(1, 4), last[0], last[1]}, -3, 3)}},
              .labels = {}};
  if (affine != 0) trial.inputs.emplace_back("weight", draw.tensor(last));
  if (affine != 0) trial.inputs.emplace_back("bias", draw.tensor(last));
  return trial;
}

Trial draw_group_norm_layer(Draw& draw) {
  const int64_t groups = draw.between(1, 4), c = groups * draw.between(1, 4);
  const double affine = draw.coin() ? 1 : 0;
  Trial trial{.options = {{"groups", {double(groups)}},
                          {"channels", {double(c)}},
                          {"eps", {draw.coin() ? 1e-5 : 1e-2}},
                          {"affine", {affine}}},
              .inputs = {{"x", between(draw, {draw.between(1, 4), c, draw.between(2, 4), draw.between(2, 4)},
                                       -3, 3)}},
              .labels = {}};
  if (affine != 0) trial.inputs.emplace_back("weight", draw.tensor({c}));
  if (affine != 0) trial.inputs.emplace_back("bias", draw.tensor({c}));
  return trial;
}

// Two batches in training move the statistics, before a third in training or evaluation.
template <class Layer>
Results run_batch_norm(const Trial& t) {
  Layer norm(t.integer("channels"),
             {.eps = t.number("eps"), .momentum = t.number("momentum"), .affine = t.flag("affine")});
  if (t.flag("eval")) {
    norm(t.input("x") * 2);
    norm(t.input("x") + 1);
    norm.eval();
    return run_layer(norm, t);
  }
  return run_layer(norm, t, 3);
}

}  // namespace

std::vector<Case> layer_cases() {
  using T = const Trial&;
  const auto any = any_shape(-4, 4);
  const auto in_evaluation = [](auto module) {
    module.eval();
    return module;
  };
  return {
      layer("nn.Linear", draw_linear_layer,
            [](T t) { return nn::Linear(t.integer("in"), t.integer("out"), {.bias = t.flag("bias")}); }),
      layer("nn.Conv2d", draw_conv2d_layer, make_conv2d),
      layer("nn.Conv1d", draw_conv1d_layer, make_conv1d),
      layer("nn.MaxPool1d", draw_sequence, [](T) { return nn::MaxPool1d(3, {.stride = 2, .padding = 1}); }),
      layer("nn.AvgPool1d", draw_sequence,
            [](T) { return nn::AvgPool1d(2, {.padding = 1, .count_include_pad = false}); }),
      layer("nn.AdaptiveAvgPool1d", draw_sequence, [](T) { return nn::AdaptiveAvgPool1d(3); }),
      layer("nn.ConstantPad2d", draw_image,
            [](T) {
              return nn::ConstantPad2d({1, 0, 2, 3}, 0.5);
            }),
      layer("nn.ZeroPad2d", draw_image, [](T) { return nn::ZeroPad2d(2); }),
      layer("nn.Upsample", draw_image, [](T) { return nn::Upsample(2); }),
      layer("nn.ConvTranspose2d", draw_conv_transpose2d_layer, make_conv_transpose2d),
      {"nn.BatchNorm1d", draw_batch_norm(false), run_batch_norm<nn::BatchNorm1d>},
      {"nn.BatchNorm2d", draw_batch_norm(true), run_batch_norm<nn::BatchNorm2d>},
      layer("nn.LayerNorm", draw_layer_norm_layer,
            [](T t) {
              return nn::LayerNorm(Shape(t.integers("sizes")),
                                   {.eps = t.number("eps"), .elementwise_affine = t.flag("affine")});
            }),
      layer("nn.GroupNorm", draw_group_norm_layer,
            [](T t) {
              return nn::GroupNorm(t.integer("groups"), t.integer("channels"),
                                   {.eps = t.number("eps"), .affine = t.flag("affine")});
            }),
      layer("nn.MaxPool2d", draw_image,
            [](T) {
              return nn::MaxPool2d({3, 2}, {.stride = {1, 2}, .padding = {1, 0}});
            }),
      layer("nn.AvgPool2d", draw_image,
            [](T) {
              return nn::AvgPool2d({3, 2}, {.stride = {1, 2}, .padding = {1, 0}});
            }),
      layer("nn.AdaptiveAvgPool2d", draw_image, [](T) { return nn::AdaptiveAvgPool2d(2); }),
      layer("nn.AdaptiveMaxPool2d", draw_image, [](T) { return nn::AdaptiveMaxPool2d(2); }),
      layer("nn.Flatten", draw_image, [](T) { return nn::Flatten(); }),
      layer("nn.Identity", any, [](T) { return nn::Identity(); }),
      layer("nn.ReLU", any, [](T) { return nn::ReLU(); }),
      layer("nn.LeakyReLU", any, [](T) { return nn::LeakyReLU(); }),
      layer("nn.PReLU", draw_prelu_layer, [](T t) { return nn::PReLU(t.integer("num_parameters")); }),
      layer("nn.Sigmoid", any, [](T) { return nn::Sigmoid(); }),
      layer("nn.Tanh", any, [](T) { return nn::Tanh(); }),
      layer("nn.SiLU", any, [](T) { return nn::SiLU(); }),
      layer("nn.GELU", any, [](T) { return nn::GELU(); }),
      layer("nn.Softmax", draw_image, [](T) { return nn::Softmax(1); }),
      layer("nn.LogSoftmax", draw_image, [](T) { return nn::LogSoftmax(1); }),
      layer("nn.Dropout", any, [=](T) { return in_evaluation(nn::Dropout()); }),
  };
}

}  // namespace test::parity
