// Shapes, costs, and networks to try things on; training.cpp computes.
#include "network.hpp"

#include <cmath>
#include <functional>
#include <numeric>
#include <sstream>
#include <stdexcept>

namespace lab4 {

using std::int64_t;

namespace {

template <class... T>
void expect(bool holds, const Layer& layer, const T&... what) {
  if (holds) return;
  std::ostringstream message;
  ((message << layer.name << ": ") << ... << what);
  throw std::runtime_error(message.str());
}

std::string show(const std::vector<int64_t>& shape) {
  std::ostringstream text;
  for (std::size_t i = 0; i < shape.size(); ++i) text << (i == 0 ? "(" : ", ") << shape[i];
  return text.str() + ")";
}

void expect_shape(const Layer& layer, const char* name, const Parameter& p,
                  const std::vector<int64_t>& shape) {
  expect(p.shape == shape, layer, name, " of shape ", show(p.shape), ", expected ", show(shape));
  const int64_t count = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
  expect(std::ssize(p.value) == count, layer, name, " of shape ", show(shape), " has ", p.value.size(),
         " values");
}

Size output_size(const Network& net, const Layer& layer, const std::vector<Size>& before) {
  const auto read = [&](int input) {
    return input < 0 ? Size{net.channels, net.height, net.width} : before.at(static_cast<std::size_t>(input));
  };
  const Size in = read(layer.inputs.at(0));
  const int64_t outputs = layer.weight.shape.empty() ? 0 : layer.weight.shape[0];
  switch (layer.kind) {
    case Kind::conv:
      expect_shape(layer, "weight", layer.weight, {outputs, in.channels, 3, 3});
      expect_shape(layer, "bias", layer.bias, {outputs});
      return {outputs, in.height, in.width};
    case Kind::linear:
      expect(in.height == 1 && in.width == 1, layer, "reads images, expected flatten before it");
      expect_shape(layer, "weight", layer.weight, {outputs, in.channels});
      expect_shape(layer, "bias", layer.bias, {outputs});
      return {outputs, 1, 1};
    case Kind::batch_norm:
      expect_shape(layer, "weight", layer.weight, {in.channels});
      expect_shape(layer, "bias", layer.bias, {in.channels});
      expect(std::ssize(layer.mean) == in.channels && std::ssize(layer.variance) == in.channels, layer,
             layer.mean.size(), " means and ", layer.variance.size(), " variances, expected ", in.channels);
      return in;
    case Kind::pool: return {in.channels, in.height / 2, in.width / 2};
    case Kind::flatten: return {in.count(), 1, 1};
    case Kind::add: expect(in == read(layer.inputs.at(1)), layer, "adds different shapes"); return in;
    case Kind::relu: break;
  }
  return in;
}

}  // namespace

std::vector<Size> sizes(const Network& net) {
  std::vector<Size> all;
  for (const Layer& layer : net.layers) all.push_back(output_size(net, layer, all));
  return all;
}

int64_t macs(const Network& net) {
  const std::vector<Size> size = sizes(net);
  int64_t sum = 0;
  for (std::size_t i = 0; i < size.size(); ++i) {
    const Layer& layer = net.layers[i];
    if (layer.kind == Kind::batch_norm) continue;  // folded into the convolution before it
    sum += std::ssize(layer.weight.value) * size[i].height * size[i].width;
  }
  return sum;
}

int64_t parameters(const Network& net) {
  int64_t sum = 0;
  for (const Layer& layer : net.layers) sum += std::ssize(layer.weight.value) + std::ssize(layer.bias.value);
  return sum;
}

Builder::Builder(int64_t channels, int64_t height, int64_t width, std::uint64_t seed)
    : net_{channels, height, width, {}}, seed_(seed) {}

int Builder::append(Kind kind, const std::string& name, std::vector<int> inputs) {
  const int number = static_cast<int>(net_.layers.size());
  net_.layers.push_back({kind, name + std::to_string(number), std::move(inputs), {}, {}, {}, {}});
  return number;
}

Size Builder::size_of(int layer) const {
  return layer < 0 ? Size{net_.channels, net_.height, net_.width}
                   : sizes(net_).at(static_cast<std::size_t>(layer));
}

Parameter Builder::random(std::vector<int64_t> shape, float low, float high) {
  const auto next = [this] {  // splitmix64 (Steele et al., 2014), from 0 to 1
    std::uint64_t z = seed_ += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return static_cast<float>((z ^ (z >> 31)) >> 40) * 0x1p-24F;
  };
  const int64_t count = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
  Parameter p{std::move(shape), std::vector<float>(static_cast<std::size_t>(count)), {}, {}, {}};
  for (float& value : p.value) value = low + (high - low) * next();
  p.m.assign(p.value.size(), 0.0F);
  p.v.assign(p.value.size(), 0.0F);
  return p;
}

int Builder::conv(int input, int64_t outputs) {
  const int64_t inputs = size_of(input).channels;
  const int number = append(Kind::conv, "conv", {input});
  const float bound = std::sqrt(6.0F / static_cast<float>(9 * inputs));  // He et al., 2015
  net_.layers.back().weight = random({outputs, inputs, 3, 3}, -bound, bound);
  net_.layers.back().bias = random({outputs}, -0.1F, 0.1F);
  return number;
}

int Builder::linear(int input, int64_t outputs) {
  const int64_t inputs = size_of(input).channels;
  const int number = append(Kind::linear, "linear", {input});
  const float bound = std::sqrt(6.0F / static_cast<float>(inputs));
  net_.layers.back().weight = random({outputs, inputs}, -bound, bound);
  net_.layers.back().bias = random({outputs}, -0.1F, 0.1F);
  return number;
}

int Builder::batch_norm(int input) {
  const int64_t channels = size_of(input).channels;
  const int number = append(Kind::batch_norm, "bn", {input});
  Layer& layer = net_.layers.back();
  layer.weight = random({channels}, 0.5F, 1.5F);
  layer.bias = random({channels}, -0.2F, 0.2F);
  layer.mean = random({channels}, -0.2F, 0.2F).value;
  layer.variance = random({channels}, 0.5F, 1.5F).value;
  return number;
}

Network vgg() {
  Builder b(1, 16, 16, 4);
  int x = -1;
  for (const int64_t channels : {16, 32, 64}) {
    x = b.relu(b.batch_norm(b.conv(x, channels)));
    x = b.pool(b.relu(b.batch_norm(b.conv(x, channels))));
  }
  b.linear(b.relu(b.linear(b.flatten(x), 64)), 10);
  return b.network();
}

Network resnet() {
  Builder b(1, 8, 8, 4);
  int x = b.relu(b.batch_norm(b.conv(-1, 16)));
  for (int block = 0; block < 3; ++block) {
    const int inner = b.relu(b.batch_norm(b.conv(x, 16)));
    x = b.relu(b.add(x, b.batch_norm(b.conv(inner, 16))));
  }
  b.linear(b.flatten(b.pool(x)), 10);
  return b.network();
}

}  // namespace lab4
