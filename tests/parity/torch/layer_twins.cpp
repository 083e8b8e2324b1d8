#include "tests/parity/torch/twins.hpp"

namespace test::parity {
namespace {

using T = const Trial&;

// As run_layer of ../cases_layers.cpp.
template <class Layer>
Results run_layer(Layer& layer, T trial, int64_t calls = 1) {
  auto parameters = layer->named_parameters();
  TORCH_CHECK(parameters.size() + 1 == trial.inputs.size(), "the layer has ", parameters.size(),
              " parameters");
  {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : parameters) parameter.value().copy_(to_torch(trial.input(parameter.key())));
  }
  const at::Tensor x = to_torch(trial.input("x")).requires_grad_();
  for (int64_t i = 1; i < calls; ++i) layer->forward(x * (0.5 * static_cast<double>(i)));
  const at::Tensor y = layer->forward(x);
  Results results{to_tinynn(y)};
  y.backward(to_torch(output_gradient(results[0].shape())));
  results.push_back(to_tinynn(x.grad()));
  for (size_t i = 1; i < trial.inputs.size(); ++i) {
    results.push_back(to_tinynn(parameters[trial.inputs[i].first].grad()));
  }
  for (const auto& buffer : layer->named_buffers()) {
    if (buffer.key() != "num_batches_tracked") results.push_back(to_tinynn(buffer.value()));
  }
  return results;
}

template <class Make>
std::function<Results(T)> layer(Make make) {
  return [make](T trial) {
    auto made = make(trial);
    return run_layer(made, trial);
  };
}

// As run_batch_norm of ../cases_layers.cpp.
template <class Layer>
Results batch_norm(T t) {
  Layer norm(torch::nn::BatchNormOptions(t.integer("channels"))
                 .eps(t.number("eps"))
                 .momentum(t.number("momentum"))
                 .affine(t.flag("affine")));
  if (t.flag("eval")) {
    norm->forward(to_torch(t.input("x")) * 2);
    norm->forward(to_torch(t.input("x")) + 1);
    norm->eval();
    return run_layer(norm, t);
  }
  return run_layer(norm, t, 3);
}

auto conv2d(T t) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(t.integer("in"), t.integer("out"), t.integers("kernel"))
                               .stride(t.integers("stride"))
                               .padding(torch::ExpandingArray<2>(t.integers("padding")))
                               .dilation(t.integers("dilation"))
                               .groups(t.integer("groups"))
                               .bias(t.flag("bias")));
}

auto conv1d(T t) {
  return torch::nn::Conv1d(
      torch::nn::Conv1dOptions(t.integer("in"), t.integer("out"), t.integers("kernel")[0])
          .stride(t.integers("stride")[0])
          .padding(torch::ExpandingArray<1>(t.integers("padding")[0]))
          .dilation(t.integers("dilation")[0])
          .groups(t.integer("groups"))
          .bias(t.flag("bias")));
}

auto conv_transpose2d(T t) {
  return torch::nn::ConvTranspose2d(
      torch::nn::ConvTranspose2dOptions(t.integer("in"), t.integer("out"), t.integers("kernel"))
          .stride(t.integers("stride"))
          .padding(torch::ExpandingArray<2>(t.integers("padding")))
          .output_padding(torch::ExpandingArray<2>(t.integers("output_padding")))
          .dilation(t.integers("dilation"))
          .groups(t.integer("groups"))
          .bias(t.flag("bias")));
}

auto dropout(T) {
  torch::nn::Dropout result;
  result->eval();
  return result;
}

}  // namespace

Twins layer_twins() {
  namespace nn = torch::nn;
  return {
      {"nn.Linear", layer([](T t) {
         return nn::Linear(nn::LinearOptions(t.integer("in"), t.integer("out")).bias(t.flag("bias")));
       })},
      {"nn.Conv2d", layer(conv2d)},
      {"nn.Conv1d", layer(conv1d)},
      {"nn.MaxPool1d", layer([](T) { return nn::MaxPool1d(nn::MaxPool1dOptions(3).stride(2).padding(1)); })},
      {"nn.AvgPool1d",
       layer([](T) { return nn::AvgPool1d(nn::AvgPool1dOptions(2).padding(1).count_include_pad(false)); })},
      {"nn.AdaptiveAvgPool1d",
       layer([](T) { return nn::AdaptiveAvgPool1d(nn::AdaptiveAvgPool1dOptions(3)); })},
      {"nn.ConstantPad2d", layer([](T) {
         return nn::ConstantPad2d(nn::ConstantPad2dOptions({2, 3, 1, 0}, 0.5));
       })},
      {"nn.ZeroPad2d", layer([](T) { return nn::ZeroPad2d(nn::ZeroPad2dOptions(2)); })},
      {"nn.Upsample", layer([](T) {
         return nn::Upsample(
             nn::UpsampleOptions().scale_factor(std::vector<double>{2, 2}).mode(torch::kNearest));
       })},
      {"nn.ConvTranspose2d", layer(conv_transpose2d)},
      {"nn.BatchNorm1d", batch_norm<nn::BatchNorm1d>},
      {"nn.BatchNorm2d", batch_norm<nn::BatchNorm2d>},
      {"nn.LayerNorm", layer([](T t) {
         return nn::LayerNorm(nn::LayerNormOptions(t.integers("sizes"))
                                  .eps(t.number("eps"))
                                  .elementwise_affine(t.flag("affine")));
       })},
      {"nn.GroupNorm", layer([](T t) {
         return nn::GroupNorm(nn::GroupNormOptions(t.integer("groups"), t.integer("channels"))
                                  .eps(t.number("eps"))
                                  .affine(t.flag("affine")));
       })},
      {"nn.MaxPool2d", layer([](T) {
         return nn::MaxPool2d(nn::MaxPool2dOptions({3, 2}).stride({1, 2}).padding({1, 0}));
       })},
      {"nn.AvgPool2d", layer([](T) {
         return nn::AvgPool2d(nn::AvgPool2dOptions({3, 2}).stride({1, 2}).padding({1, 0}));
       })},
      {"nn.AdaptiveAvgPool2d", layer([](T) { return nn::AdaptiveAvgPool2d(2); })},
      {"nn.AdaptiveMaxPool2d", layer([](T) { return nn::AdaptiveMaxPool2d(2); })},
      {"nn.Flatten", layer([](T) { return nn::Flatten(); })},
      {"nn.Identity", layer([](T) { return nn::Identity(); })},
      {"nn.ReLU", layer([](T) { return nn::ReLU(); })},
      {"nn.LeakyReLU", layer([](T) { return nn::LeakyReLU(); })},
      {"nn.PReLU",
       layer([](T t) { return nn::PReLU(nn::PReLUOptions().num_parameters(t.integer("num_parameters"))); })},
      {"nn.Sigmoid", layer([](T) { return nn::Sigmoid(); })},
      {"nn.Tanh", layer([](T) { return nn::Tanh(); })},
      {"nn.SiLU", layer([](T) { return nn::SiLU(); })},
      {"nn.GELU", layer([](T) { return nn::GELU(); })},
      {"nn.Softmax", layer([](T) { return nn::Softmax(1); })},
      {"nn.LogSoftmax", layer([](T) { return nn::LogSoftmax(1); })},
      {"nn.Dropout", layer(dropout)},
  };
}

}  // namespace test::parity
