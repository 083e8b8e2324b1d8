#include <limits>

#include "tests/parity/draws.hpp"
#include "tests/parity/torch/twins.hpp"

namespace test::parity {
namespace {

using X = const TorchInputs&;
using T = const Trial&;

Results batch_norm(T trial) {
  at::Tensor mean = to_torch(vector_option(trial, "mean")), var = to_torch(vector_option(trial, "var"));
  Results results = torch_gradients([&](X x, T t) {
    return torch::batch_norm(x("x"), x("weight"), x("bias"), mean, var, t.flag("training"),
                             t.number("momentum"), t.number("eps"), false);
  })(trial);
  results.push_back(to_tinynn(mean));
  results.push_back(to_tinynn(var));
  return results;
}

// Sides that are padded differently are an operation of its own.
struct Padded {
  at::Tensor x;
  std::vector<int64_t> rest;  // what is left to pad, along rows and columns

  Padded(const at::Tensor& given, T t, double value) : x(given), rest{0, 0} {
    const auto p = t.integers("padding");
    if (p[0] == p[1] && p[2] == p[3]) {
      rest = {p[0], p[2]};
    } else {
      x = torch::constant_pad_nd(given, {p[2], p[3], p[0], p[1]}, value);
    }
  }
};

}  // namespace

Twins layer_operation_twins() {
  return {
      {"relu", torch_gradients([](X x, T) { return torch::relu(x("x")); })},
      {"leaky_relu", torch_gradients([](X x, T) { return torch::leaky_relu(x("x"), 0.2); })},
      {"relu6", torch_gradients([](X x, T) { return torch::relu6(x("x")); })},
      {"hardsigmoid", torch_gradients([](X x, T) { return torch::hardsigmoid(x("x")); })},
      {"hardswish", torch_gradients([](X x, T) { return torch::hardswish(x("x")); })},
      {"elu", torch_gradients([](X x, T) { return torch::elu(x("x"), 0.7); })},
      {"sigmoid", torch_gradients([](X x, T) { return torch::sigmoid(x("x")); })},
      {"tanh", torch_gradients([](X x, T) { return torch::tanh(x("x")); })},
      {"silu", torch_gradients([](X x, T) { return torch::silu(x("x")); })},
      {"gelu", torch_gradients([](X x, T) { return torch::gelu(x("x")); })},
      {"gelu_tanh", torch_gradients([](X x, T) { return torch::gelu(x("x"), "tanh"); })},
      {"softmax", torch_gradients([](X x, T t) { return torch::softmax(x("x"), t.integer("dim")); })},
      {"log_softmax", torch_gradients([](X x, T t) { return torch::log_softmax(x("x"), t.integer("dim")); })},
      {"linear", torch_gradients([](X x, T) { return torch::linear(x("x"), x("weight"), x("bias")); })},
      {"conv2d", torch_gradients([](X x, T t) {
         const Padded p(x("x"), t, 0);
         return torch::conv2d(p.x, x("weight"), x("bias"), t.integers("stride"), p.rest,
                              t.integers("dilation"), t.integer("groups"));
       })},
      {"conv1d", torch_gradients([](X x, T t) {
         return torch::conv1d(x("x"), x("weight"), x("bias"), t.integer("stride"), t.integer("padding"),
                              t.integer("dilation"), t.integer("groups"));
       })},
      {"pad", torch_gradients([](X x, T t) {
         return torch::constant_pad_nd(x("x"), t.integers("pads"), t.number("value"));
       })},
      {"upsample_nearest", torch_gradients([](X x, T t) {
         const auto scale = t.integers("scale");
         const at::Tensor in = x("x");
         if (in.dim() == 3) return torch::upsample_nearest1d(in, in.size(2) * scale[1]);
         return torch::upsample_nearest2d(in, {in.size(2) * scale[0], in.size(3) * scale[1]});
       })},
      {"conv_transpose2d", torch_gradients([](X x, T t) {
         return torch::conv_transpose2d(x("x"), x("weight"), x("bias"), t.integers("stride"),
                                        t.integers("padding"), t.integers("output_padding"),
                                        t.integer("groups"), t.integers("dilation"));
       })},
      {"max_pool2d", torch_gradients([](X x, T t) {
         const Padded p(x("x"), t, -std::numeric_limits<double>::infinity());
         return torch::max_pool2d(p.x, t.integers("kernel"), t.integers("stride"), p.rest,
                                  t.integers("dilation"));
       })},
      {"avg_pool2d", torch_gradients([](X x, T t) {
         const Padded p(x("x"), t, 0);
         return torch::avg_pool2d(p.x, t.integers("kernel"), t.integers("stride"), p.rest, false,
                                  t.flag("count_include_pad"));
       })},
      {"adaptive_avg_pool2d",
       torch_gradients([](X x, T t) { return torch::adaptive_avg_pool2d(x("x"), t.integers("size")); })},
      {"adaptive_max_pool2d", torch_gradients([](X x, T t) {
         return std::get<0>(torch::adaptive_max_pool2d(x("x"), t.integers("size")));
       })},
      {"layer_norm", torch_gradients([](X x, T t) {
         const auto sizes = x("x").sizes();
         return torch::layer_norm(x("x"), sizes.slice(sizes.size() - t.integer("dims")), x("weight"),
                                  x("bias"), t.number("eps"));
       })},
      {"group_norm", torch_gradients([](X x, T t) {
         return torch::group_norm(x("x"), t.integer("groups"), x("weight"), x("bias"), t.number("eps"));
       })},
      {"prelu", torch_gradients([](X x, T) { return torch::prelu(x("x"), x("weight")); })},
      {"batch_norm", batch_norm},
      {"dropout",
       torch_gradients([](X x, T t) { return torch::dropout(x("x"), t.number("p"), t.flag("training")); })},
  };
}

}  // namespace test::parity
