// Writes networks as ONNX, each with a batch of inputs and what tinynn makes of it, as raw float32:
// write_models FOLDER makes NAME.onnx, NAME.input and NAME.output, whose sizes are in NAME.shape.
#define DOCTEST_CONFIG_IMPLEMENT  // the random networks are of the tests
#include <filesystem>
#include <fstream>
#include <iostream>

#include <doctest/doctest.h>

#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/export/onnx.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/structured/compact.hpp>
#include <tinynn/structured/prune_channels.hpp>

#include "tests/support/random_network.hpp"
#include "tests/support/small_networks.hpp"
#include "tests/support/with_activation.hpp"

using namespace tinynn;

namespace {

void write(const std::filesystem::path& path, const Tensor& tensor) {
  const auto values = tensor.values();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
}

void write_model(const std::filesystem::path& folder, const std::string& name, nn::Module& net,
                 const Shape& of_one, bool fuse) {
  std::vector<int64_t> sizes{3};
  sizes.insert(sizes.end(), of_one.begin(), of_one.end());
  const Tensor x = randn(Shape(sizes));
  const NoGrad no_grad;
  net.eval();
  deploy::write_onnx(deploy::plan(net, x, {.fuse = fuse}), name, folder / (name + ".onnx"));
  write(folder / (name + ".input"), x);
  write(folder / (name + ".output"), net(x));
  std::ofstream shape(folder / (name + ".shape"));
  for (const int64_t size : sizes) shape << size << '\n';
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 2) throw std::invalid_argument("usage: write_models FOLDER");
  const std::filesystem::path folder = arguments[1];
  for (const auto& name : models::names()) {
    manual_seed(1);
    const auto net = models::make(name);
    const Shape of_one = models::input_shape(name);
    write_model(folder, name, *net, of_one, true);
    write_model(folder, name + "-unfused", *net, of_one, false);
    prune::prune(prune::weights(*net), prune::fraction(0.9));
    write_model(folder, name + "-masked", *net, of_one, true);
    const auto small = models::make(name);
    const Tensor example = randn(Shape{2, of_one[0], of_one[1], of_one[2]});
    structured::prune_channels(*small, example, {.amount = prune::to_macs(0.5)});
    structured::compact(*small, example);
    write_model(folder, name + "-compacted", *small, of_one, true);
  }
  manual_seed(2);
  nn::Sequential uneven{
      nn::Conv2d(2, 3, {3, 2}, {.stride = {1, 2}, .padding = {1, 2, 0, 1}, .dilation = {2, 1}}),
      nn::LeakyReLU(0.2),
      nn::MaxPool2d({2, 3}, {.stride = {1, 2}, .padding = {1, 0, 0, 1}, .dilation = {2, 1}}),
      nn::GELU(),
      nn::AvgPool2d({3, 2}, {.stride = {2, 1}, .padding = {1, 0, 1, 0}, .count_include_pad = false}),
      nn::GELU(GeluFormula::tanh)};
  write_model(folder, "uneven", uneven, {2, 9, 11}, true);
  for (const auto* row : test::activations()) {
    test::WithActivation net(*row);
    write_model(folder, std::string("activation-") + row->name, net, {2, 5, 5}, true);
  }
  for (auto& [name, of_one, net] : test::small_networks())
    write_model(folder, "small-" + name, *net, of_one, true);
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    manual_seed(seed);
    test::RandomNetwork net(seed);
    write_model(folder, "random-" + std::to_string(seed), net,
                {2, test::RandomNetwork::size, test::RandomNetwork::size}, seed % 2 == 0);
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
