#include "network.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include <tinynn/tinynn.hpp>

namespace lab3 {
namespace {

/// The logits of images; `parameters` are weights and biases in turn.
tinynn::Tensor logits(const tinynn::Tensor& images, const std::vector<tinynn::Tensor>& parameters) {
  tinynn::Tensor x = images;
  for (std::size_t i = 0; i < parameters.size(); i += 2) {
    x = tinynn::linear(i == 0 ? x : tinynn::relu(x), parameters[i], parameters[i + 1]);
  }
  return x;
}

/// Copies of the network's weights and biases.
std::vector<tinynn::Tensor> parameters(const Network& network) {
  std::vector<tinynn::Tensor> all;
  for (const Layer& layer : network.layers) {
    all.push_back(tinynn::tensor(layer.weights, {layer.outputs, layer.inputs}));
    all.push_back(tinynn::tensor(layer.bias, {layer.outputs}));
  }
  return all;
}

}  // namespace

Network lenet_300_100(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Network network;
  for (const std::int64_t outputs : {300, 100, 10}) {
    const std::int64_t inputs = network.layers.empty() ? 784 : network.layers.back().outputs;
    Layer& layer = network.layers.emplace_back();
    layer.inputs = inputs;
    layer.outputs = outputs;
    layer.weights.resize(outputs * inputs);
    layer.bias.resize(outputs);
    const double bound = std::sqrt(6.0 / double(layer.inputs));
    for (float& w : layer.weights) w = float(bound * (double(random() >> 11) * 0x1p-52 - 1));
  }
  return network;
}

double accuracy(const Network& network, const Data& data) {
  const tinynn::NoGrad no_grad;
  const auto all = parameters(network);
  std::int64_t right = 0;
  for (std::size_t begin = 0; begin < data.labels.size(); begin += 500) {
    const auto labels = data.labels.subspan(begin, std::min<std::size_t>(500, data.labels.size() - begin));
    const auto images =
        tinynn::tensor(data.images.subspan(784 * begin, 784 * labels.size()), {std::ssize(labels), 784});
    right +=
        tinynn::train::count_correct(logits(images, all), tinynn::Labels({labels.begin(), labels.end()}));
  }
  return double(right) / double(data.labels.size());
}

double train_epoch(Network& network, const Data& data, std::int64_t batch_size, std::uint64_t seed,
                   const std::function<void()>& step) {
  std::vector<std::size_t> order(data.labels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(seed);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);

  double total = 0;
  for (std::size_t begin = 0; begin < order.size(); begin += batch_size) {
    const std::size_t end = std::min<std::size_t>(begin + batch_size, order.size());
    std::vector<float> images;
    std::vector<std::int64_t> labels;
    for (std::size_t i = begin; i < end; ++i) {
      const auto image = data.images.subspan(784 * order[i], 784);
      images.insert(images.end(), image.begin(), image.end());
      labels.push_back(data.labels[order[i]]);
    }
    std::vector<tinynn::Tensor> all = parameters(network);
    for (tinynn::Tensor& parameter : all) parameter.set_requires_grad();
    const auto loss = tinynn::cross_entropy(logits(tinynn::tensor(images, {std::ssize(labels), 784}), all),
                                            tinynn::Labels(labels));
    loss.backward();
    for (std::size_t i = 0; i < network.layers.size(); ++i) {
      network.layers[i].weights_gradient = all[2 * i].grad().to_vector();
      network.layers[i].bias_gradient = all[2 * i + 1].grad().to_vector();
    }
    step();
    total += loss.item() * double(end - begin);
  }
  return total / double(order.size());
}

}  // namespace lab3
