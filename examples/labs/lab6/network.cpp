// See network.hpp. Given.
#include "network.hpp"

#include <algorithm>

#include <tinynn/tinynn.hpp>

#include "../support/digits.hpp"

namespace lab6 {
namespace {

struct Trained : tinynn::nn::Module {
  tinynn::nn::Conv2d conv1{1, 8, 3, {.stride = 2, .padding = 1}},
      conv2{8, 16, 3, {.stride = 2, .padding = 1}}, conv3{16, 32, 3, {.stride = 2, .padding = 1}};
  tinynn::nn::Linear linear{32 * 4 * 4, 10};

  void members(tinynn::nn::Visitor& v) override {
    v("conv1", conv1), v("conv2", conv2), v("conv3", conv3), v("linear", linear);
  }
  tinynn::Tensor forward(const tinynn::Tensor& x) override {
    return linear(flatten(relu(conv3(relu(conv2(relu(conv1(x))))))));
  }
};

std::vector<float> numbers(const tinynn::Parameter& p) { return {p.data(), p.data() + p.numel()}; }

FloatNetwork train() {
  const Digits& data = digits();
  const auto n = std::min<std::int64_t>(40000, std::ssize(data.labels));
  tinynn::Tensor images(tinynn::Shape{n, 1, 28, 28});
  std::copy_n(data.images.begin(), 784 * n, images.mutable_data());
  const tinynn::Labels labels(std::vector<std::int64_t>(data.labels.begin(), data.labels.begin() + n));
  tinynn::manual_seed(1);
  tinynn::data::DataLoader loader(std::make_shared<tinynn::data::TensorDataset>(images, labels, 10),
                                  {.batch_size = 50, .shuffle = true});
  Trained net;
  for (const double lr : {3e-3, 1e-3}) {
    tinynn::optim::Adam adam(net.parameters(), {.lr = lr});
    tinynn::train::fit(net, adam, loader, {.epochs = n < 40000 ? 6 : 1});
  }
  const auto conv = [](const tinynn::nn::Conv2d& c, int channels, int size, int outputs) {
    return FloatConv{{channels, size, size, outputs, 3, 2, 1}, numbers(c.weight), numbers(c.bias)};
  };
  return {{conv(net.conv1, 1, 28, 8), conv(net.conv2, 8, 14, 16), conv(net.conv3, 16, 7, 32)},
          numbers(net.linear.weight),
          numbers(net.linear.bias)};
}

std::vector<float> convolve(const FloatConv& conv, std::span<const float> x) {
  const auto& [channels, height, width, outputs, kernel, stride, padding] = conv.sizes;
  std::vector<float> y;
  for (int o = 0; o < outputs; ++o) {
    for (int row = -padding; row + kernel <= height + padding; row += stride) {
      for (int column = -padding; column + kernel <= width + padding; column += stride) {
        float sum = conv.bias[o];
        for (int c = 0; c < channels; ++c) {
          for (int i = std::max(0, -row); i < std::min(kernel, height - row); ++i) {
            for (int j = std::max(0, -column); j < std::min(kernel, width - column); ++j) {
              sum += conv.weights[((o * channels + c) * kernel + i) * kernel + j] *
                     x[(c * height + row + i) * width + column + j];
            }
          }
        }
        y.push_back(std::max(sum, 0.0F));
      }
    }
  }
  return y;
}

template <class Run>
double percent_right(Run run) {
  const Digits& data = digits();
  const std::size_t n = std::min<std::size_t>(4000, data.test_labels.size());
  double right = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto scores = run(std::span(data.test_images).subspan(784 * i, 784));
    right += std::ranges::max_element(scores) - scores.begin() == data.test_labels[i];
  }
  return 100 * right / static_cast<double>(n);
}

}  // namespace

std::vector<std::vector<float>> FloatNetwork::values(std::span<const float> image) const {
  std::vector<std::vector<float>> values{{image.begin(), image.end()}};
  for (const FloatConv& conv : convs) values.push_back(convolve(conv, values.back()));
  const std::vector<float>& x = values.back();
  std::vector<float> y = bias;
  for (std::size_t o = 0; o < y.size(); ++o)
    for (std::size_t i = 0; i < x.size(); ++i) y[o] += weights[o * x.size() + i] * x[i];
  values.push_back(y);
  return values;
}

const FloatNetwork& trained_network() {
  static const FloatNetwork network = train();
  return network;
}

Int8Network to_int8(const FloatNetwork& network, std::span<const float> images) {
  // The range of each value, of which 0 is a part by what scale_zero_point does.
  std::vector<float> low(network.convs.size() + 2), high(low.size());
  for (std::size_t i = 0; i < images.size(); i += 784) {
    const auto values = network.values(images.subspan(i, 784));
    for (std::size_t v = 0; v < values.size(); ++v) {
      low[v] = std::min(low[v], *std::ranges::min_element(values[v]));
      high[v] = std::max(high[v], *std::ranges::max_element(values[v]));
    }
  }
  std::vector<Affine> affines;
  for (std::size_t v = 0; v < low.size(); ++v) affines.push_back(scale_zero_point(low[v], high[v]));

  // What a convolution and a linear layer have in common.
  const auto set = [&](auto& layer, std::size_t v, const std::vector<float>& weights,
                       const std::vector<float>& bias) {
    const Weights rounded = quantize_weights(weights, static_cast<int>(bias.size()));
    layer.weights = rounded.values;
    layer.bias = quantize_bias(bias, affines[v].scale, rounded.scales);
    for (const double scale : rounded.scales)
      layer.ratios.push_back(affines[v].scale * scale / affines[v + 1].scale);
    layer.input_zero = affines[v].zero_point;
    layer.output_zero = affines[v + 1].zero_point;
  };
  Int8Network result;
  result.input = affines[0];
  for (const FloatConv& from : network.convs) {
    Conv& conv = result.convs.emplace_back();
    conv.sizes = from.sizes;
    conv.relu = true;
    set(conv, result.convs.size() - 1, from.weights, from.bias);
  }
  result.linear.outputs = static_cast<int>(network.bias.size());
  result.linear.inputs = static_cast<int>(network.weights.size() / network.bias.size());
  set(result.linear, network.convs.size(), network.weights, network.bias);
  return result;
}

std::vector<std::int8_t> Int8Network::operator()(std::span<const float> image) const {
  std::vector<std::int8_t> x = quantize(image, input);
  for (const Conv& conv : convs) x = int8_conv(conv, x);
  return int8_linear(linear, x);
}

FloatNetwork with_codebooks(FloatNetwork network, int k) {
  const auto share = [&](std::vector<float>& weights) {
    const Codebook book = kmeans_codebook(weights, k);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = book.centres.at(book.index.at(i));
  };
  for (FloatConv& conv : network.convs) share(conv.weights);
  share(network.weights);
  return network;
}

double accuracy(const FloatNetwork& network) {
  return percent_right([&](std::span<const float> image) { return network.values(image).back(); });
}

double accuracy(const Int8Network& network) { return percent_right(network); }

}  // namespace lab6
