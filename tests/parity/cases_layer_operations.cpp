// What layers are made of: linear, convolution, pooling, activations, normalisation, dropout.
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/conv2d.hpp>
#include <tinynn/ops/conv_transpose2d.hpp>
#include <tinynn/ops/dropout.hpp>
#include <tinynn/ops/linear.hpp>
#include <tinynn/ops/norm.hpp>
#include <tinynn/ops/pad.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/prelu.hpp>

#include "tests/parity/draws.hpp"
#include "tests/support/conv2d_sizes.hpp"
#include "tests/support/pool2d_sizes.hpp"

using namespace tinynn;

namespace test::parity {
namespace {

template <class F>
Case activation(const char* name, F call) {
  return {name, any_shape(-5, 5), [call](const Trial& trial) {
            return with_gradients(trial, [&](const Trial& t) { return call(t.input("x")); });
          }};
}

template <class F>
Case along_a_dimension(const char* name, F call) {
  return {name, with_dim(-5, 5), [call](const Trial& trial) {
            return with_gradients(trial,
                                  [&](const Trial& t) { return call(t.input("x"), t.integer("dim")); });
          }};
}

Trial draw_linear(Draw& draw) {
  const int64_t in = draw.between(1, 20), out = draw.between(1, 20);
  Trial trial{.options = {}, .inputs = {}, .labels = {}};
  const Shape shapes[] = {{in}, {draw.between(1, 9), in}, {draw.between(1, 3), draw.between(1, 4), in}};
  trial.inputs = {{"x", draw.tensor(shapes[draw.between(0, 2)])}, {"weight", draw.tensor({out, in})}};
  if (draw.coin()) trial.inputs.emplace_back("bias", draw.tensor({out}));
  return trial;
}

Padding2d padding(const Trial& t) {
  const auto p = t.integers("padding");
  return {p[0], p[1], p[2], p[3]};
}

Trial draw_conv2d(Draw& draw) {
  const auto s = draw_conv2d_sizes(draw);
  Trial trial{.options = {{"stride", numbers(s.stride)},
                          {"padding", numbers(s.padding)},
                          {"dilation", numbers(s.dilation)},
                          {"groups", {double(s.groups)}}},
              .inputs = {{"x", draw.tensor({s.n, s.c, s.h, s.w})},
                         {"weight", draw.tensor({s.o, s.c / s.groups, s.kh, s.kw})}},
              .labels = {}};
  if (draw.coin()) trial.inputs.emplace_back("bias", draw.tensor({s.o}));
  return trial;
}

Results run_conv2d(const Trial& trial) {
  return with_gradients(trial, [](const Trial& t) {
    return conv2d(t.input("x"), t.input("weight"), t.input("bias"),
                  {.stride = size2(t, "stride"),
                   .padding = padding(t),
                   .dilation = size2(t, "dilation"),
                   .groups = t.integer("groups")});
  });
}

Trial draw_conv1d(Draw& draw) {
  const auto s = draw_conv2d_sizes(draw);
  const int64_t padding =
      draw.between(std::max<int64_t>(0, (s.columns().reach() - s.w + 1) / 2), 5 + s.kw * 3);
  Trial trial{
      .options = {{"stride", {double(s.stride.w)}},
                  {"padding", {double(padding)}},
                  {"dilation", {double(s.dilation.w)}},
                  {"groups", {double(s.groups)}}},
      .inputs = {{"x", draw.tensor({s.n, s.c, s.w})}, {"weight", draw.tensor({s.o, s.c / s.groups, s.kw})}},
      .labels = {}};
  if (draw.coin()) trial.inputs.emplace_back("bias", draw.tensor({s.o}));
  return trial;
}

Trial draw_pad(Draw& draw) {
  Trial trial = any_shape(-4, 4)(draw);
  const int64_t dims = draw.between(0, trial.input("x").rank());
  std::vector<double> pads;
  for (int64_t i = 0; i < 2 * dims; ++i) pads.push_back(double(draw.between(0, 3)));
  trial.options = {{"pads", pads}, {"value", {draw.coin() ? 0 : draw.fraction()}}};
  return trial;
}

Trial draw_upsample(Draw& draw) {
  const int64_t n = draw.between(1, 3), c = draw.between(1, 3), w = draw.between(1, 5);
  return {.options = {{"scale", {double(draw.between(1, 4)), double(draw.between(1, 4))}}},
          .inputs = {{"x", draw.tensor(draw.coin() ? Shape{n, c, w} : Shape{n, c, draw.between(1, 5), w})}},
          .labels = {}};
}

// The sizes of a convolution the other way round.
Trial draw_conv_transpose2d(Draw& draw) {
  const auto s = draw_conv2d_sizes(draw);
  const Size2 output_padding =
      draw.coin() ? Size2(0) : Size2(draw.between(0, s.stride.h - 1), draw.between(0, s.stride.w - 1));
  const int64_t rows = (s.oh() - 1) * s.stride.h + s.rows().reach() + output_padding.h,
                columns = (s.ow() - 1) * s.stride.w + s.columns().reach() + output_padding.w;
  Size2 padding(draw.between(0, 3), draw.between(0, 3));
  if (2 * padding.h >= rows) padding.h = 0;
  if (2 * padding.w >= columns) padding.w = 0;
  Trial trial{.options = {{"stride", numbers(s.stride)},
                          {"padding", numbers(padding)},
                          {"output_padding", numbers(output_padding)},
                          {"dilation", numbers(s.dilation)},
                          {"groups", {double(s.groups)}}},
              .inputs = {{"x", draw.tensor({s.n, s.o, s.oh(), s.ow()})},
                         {"weight", draw.tensor({s.o, s.c / s.groups, s.kh, s.kw})}},
              .labels = {}};
  if (draw.coin()) trial.inputs.emplace_back("bias", draw.tensor({s.c}));
  return trial;
}

Trial draw_pool(Draw& draw) {
  const auto s = draw_pool2d_sizes(draw);
  // Where sides differ, PyTorch has to pad with zeros of the image's own, which count.
  const bool uneven = s.padding != Padding2d(s.padding.top, s.padding.left);
  return {.options = {{"kernel", numbers(s.kernel)},
                      {"stride", numbers(s.stride)},
                      {"padding", numbers(s.padding)},
                      {"dilation", numbers(s.dilation)},
                      {"count_include_pad", {uneven || draw.coin() ? 1.0 : 0.0}}},
          .inputs = {{"x", draw.tensor({draw.between(1, 3), s.planes, s.h, s.w})}},
          .labels = {}};
}

Trial draw_adaptive_pool(Draw& draw) {
  return {.options = {{"size", {double(draw.between(1, 11)), double(draw.between(1, 11))}}},
          .inputs = {{"x", draw.tensor({draw.between(1, 3), draw.between(1, 3), draw.between(1, 9),
                                        draw.between(1, 9)})}},
          .labels = {}};
}

Trial draw_prelu(Draw& draw) {
  Trial trial = any_shape(-4, 4)(draw);
  const Shape x = trial.input("x").shape();
  trial.inputs.emplace_back("weight", draw.tensor({x.rank() >= 2 && draw.chance(0.7) ? x[1] : 1}));
  return trial;
}

Trial draw_batch_norm(Draw& draw) {
  const int64_t n = draw.between(4, 7), c = draw.between(1, 6);
  const Shape shapes[] = {{n, c}, {n, c, draw.between(1, 4)}, {n, c, draw.between(1, 4), draw.between(1, 4)}};
  Trial trial{.options = {{"training", {draw.coin() ? 1.0 : 0.0}},
                          {"momentum", {0.1 + 0.5 * draw.fraction()}},
                          {"eps", {draw.coin() ? 1e-5 : 1e-2}},
                          {"mean", doubles(between(draw, {c}, -1, 1))},
                          {"var", doubles(between(draw, {c}, 0.2, 2))}},
              .inputs = {{"x", between(draw, shapes[draw.between(0, 2)], -3, 3)}},
              .labels = {}};
  if (draw.coin()) {
    trial.inputs.emplace_back("weight", draw.tensor({c}));
    trial.inputs.emplace_back("bias", draw.tensor({c}));
  }
  return trial;
}

Results run_batch_norm(const Trial& trial) {
  Tensor mean = vector_option(trial, "mean"), var = vector_option(trial, "var");
  Results results = with_gradients(trial, [&](const Trial& t) {
    return batch_norm(
        t.input("x"), mean, var, t.input("weight"), t.input("bias"),
        {.training = t.flag("training"), .momentum = t.number("momentum"), .eps = t.number("eps")});
  });
  results.push_back(mean);
  results.push_back(var);
  return results;
}

// No bias without a weight: libtorch 1.13 finds no way back through group_norm then.
void draw_weight_and_bias(Draw& draw, Trial& trial, const Shape& shape) {
  if (draw.chance(0.3)) return;
  trial.inputs.emplace_back("weight", draw.tensor(shape));
  if (draw.chance(0.7)) trial.inputs.emplace_back("bias", draw.tensor(shape));
}

// At least four numbers in a row: of two, rounding alone would be left of the gradient of x.
Trial draw_layer_norm(Draw& draw) {
  const Shape shape{draw.between(1, 3), draw.between(2, 4), draw.between(1, 4), draw.between(4, 9)};
  const int64_t dims = draw.between(1, 4);
  Trial trial{.options = {{"dims", {double(dims)}}, {"eps", {draw.coin() ? 1e-5 : 1e-2}}},
              .inputs = {{"x", between(draw, shape, -3, 3)}},
              .labels = {}};
  draw_weight_and_bias(draw, trial, Shape(std::span(shape.end() - dims, shape.end())));
  return trial;
}

Trial draw_group_norm(Draw& draw) {
  const int64_t groups = draw.between(1, 4), c = groups * draw.between(1, 4);
  Trial trial{.options = {{"groups", {double(groups)}}, {"eps", {draw.coin() ? 1e-5 : 1e-2}}},
              .inputs = {{"x", between(draw, {draw.between(1, 4), c, draw.between(2, 5), draw.between(2, 5)},
                                       -3, 3)}},
              .labels = {}};
  draw_weight_and_bias(draw, trial, {c});
  return trial;
}

// With p = 0 and 1 even training leaves nothing to chance.
Trial draw_dropout(Draw& draw) {
  Trial trial = any_shape(-1, 1)(draw);
  trial.options["training"] = {draw.coin() ? 1.0 : 0.0};
  trial.options["p"] = {trial.flag("training") ? double(draw.between(0, 1)) : draw.fraction()};
  return trial;
}

}  // namespace

std::vector<Case> layer_operation_cases() {
  using T = const Tensor&;
  const auto differentiated = [](std::function<Tensor(const Trial&)> call) {
    return [call](const Trial& trial) { return with_gradients(trial, call); };
  };
  return {
      activation("relu", [](T x) { return relu(x); }),
      activation("leaky_relu", [](T x) { return leaky_relu(x, 0.2); }),
      activation("relu6", [](T x) { return relu6(x); }),
      activation("hardsigmoid", [](T x) { return hardsigmoid(x); }),
      activation("hardswish", [](T x) { return hardswish(x); }),
      activation("elu", [](T x) { return elu(x, 0.7); }),
      activation("sigmoid", [](T x) { return sigmoid(x); }),
      activation("tanh", [](T x) { return tanh(x); }),
      activation("silu", [](T x) { return silu(x); }),
      activation("gelu", [](T x) { return gelu(x); }),
      activation("gelu_tanh", [](T x) { return gelu(x, GeluFormula::tanh); }),
      along_a_dimension("softmax", [](T x, int64_t dim) { return softmax(x, dim); }),
      along_a_dimension("log_softmax", [](T x, int64_t dim) { return log_softmax(x, dim); }),
      {"linear", draw_linear, differentiated([](const Trial& t) {
         return linear(t.input("x"), t.input("weight"), t.input("bias"));
       })},
      {"conv2d", draw_conv2d, run_conv2d},
      {"conv1d", draw_conv1d, differentiated([](const Trial& t) {
         return conv1d(t.input("x"), t.input("weight"), t.input("bias"),
                       {.stride = t.integer("stride"),
                        .padding = t.integer("padding"),
                        .dilation = t.integer("dilation"),
                        .groups = t.integer("groups")});
       })},
      {"pad", draw_pad, differentiated([](const Trial& t) {
         return pad(t.input("x"), t.integers("pads"), t.number("value"));
       })},
      {"upsample_nearest", draw_upsample,
       differentiated([](const Trial& t) { return upsample_nearest(t.input("x"), size2(t, "scale")); })},
      {"conv_transpose2d", draw_conv_transpose2d, differentiated([](const Trial& t) {
         return conv_transpose2d(t.input("x"), t.input("weight"), t.input("bias"),
                                 {.stride = size2(t, "stride"),
                                  .padding = {t.integers("padding")[0], t.integers("padding")[1]},
                                  .output_padding = size2(t, "output_padding"),
                                  .dilation = size2(t, "dilation"),
                                  .groups = t.integer("groups")});
       })},
      {"max_pool2d", draw_pool, differentiated([](const Trial& t) {
         return max_pool2d(
             t.input("x"), size2(t, "kernel"),
             {.stride = size2(t, "stride"), .padding = padding(t), .dilation = size2(t, "dilation")});
       })},
      {"avg_pool2d", draw_pool, differentiated([](const Trial& t) {
         return avg_pool2d(t.input("x"), size2(t, "kernel"),
                           {.stride = size2(t, "stride"),
                            .padding = padding(t),
                            .count_include_pad = t.flag("count_include_pad")});
       })},
      {"adaptive_avg_pool2d", draw_adaptive_pool, differentiated([](const Trial& t) {
         return adaptive_avg_pool2d(t.input("x"), {t.integers("size")[0], t.integers("size")[1]});
       })},
      {"adaptive_max_pool2d", draw_adaptive_pool, differentiated([](const Trial& t) {
         return adaptive_max_pool2d(t.input("x"), {t.integers("size")[0], t.integers("size")[1]});
       })},
      {"layer_norm", draw_layer_norm, differentiated([](const Trial& t) {
         return layer_norm(t.input("x"), t.integer("dims"), t.input("weight"), t.input("bias"),
                           t.number("eps"));
       })},
      {"group_norm", draw_group_norm, differentiated([](const Trial& t) {
         return group_norm(t.input("x"), t.integer("groups"), t.input("weight"), t.input("bias"),
                           t.number("eps"));
       })},
      {"prelu", draw_prelu,
       differentiated([](const Trial& t) { return prelu(t.input("x"), t.input("weight")); })},
      {"batch_norm", draw_batch_norm, run_batch_norm},
      {"dropout", draw_dropout, differentiated([](const Trial& t) {
         return dropout(t.input("x"), t.number("p"), t.flag("training"));
       })},
  };
}

}  // namespace test::parity
