// Given: what a network computes, forward and backward, in plain loops. Adam is Kingma and Ba's.
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <tuple>

#include "network.hpp"

namespace lab4 {
namespace {

using std::int64_t, std::size_t;
using Values = std::vector<float>;

// A pass over a batch: values and gradients of every layer, (images, channels, height, width).
struct Pass {
  Network& net;
  int64_t images;
  bool training;
  std::vector<Size> size;
  Values image;
  std::vector<Values> y = {}, dy = {};  // by layer
  std::vector<Values> inverse = {};     // of a batch_norm: 1 / standard deviation, by channel

  const Values& read(int layer) const { return layer < 0 ? image : y[static_cast<size_t>(layer)]; }
  Size size_of(int layer) const {
    return layer < 0 ? Size{net.channels, net.height, net.width} : size[static_cast<size_t>(layer)];
  }
};

// Calls f(output o, input i, pixel, pixel read, number of the weight) for every multiply-accumulate of an
// image.
template <class F>
void for_each_product(const Layer& layer, const Size& in, const Size& out, const F& f) {
  const int64_t k = layer.kind == Kind::conv ? 3 : 1;
  const int64_t height = in.height, width = in.width;
  for (int64_t o = 0, weight = 0; o < out.channels; ++o) {
    for (int64_t i = 0; i < in.channels; ++i) {
      for (int64_t a = 0; a < k; ++a) {
        for (int64_t b = 0; b < k; ++b, ++weight) {
          const int64_t down = a - k / 2, right = b - k / 2;
          for (int64_t row = std::max<int64_t>(0, -down); row < std::min(height, height - down); ++row) {
            for (int64_t col = std::max<int64_t>(0, -right); col < std::min(width, width - right); ++col) {
              f(o, i, row * width + col, (row + down) * width + col + right, weight);
            }
          }
        }
      }
    }
  }
}

constexpr float eps = 1e-5F;

// A channel's mean and variance over the batch.
std::pair<float, float> statistics(const Values& x, int64_t images, int64_t channels, int64_t pixels,
                                   int64_t c) {
  double sum = 0, squares = 0;
  const double count = static_cast<double>(images * pixels);
  const auto each = [&](auto f) {
    for (int64_t n = 0; n < images; ++n) {
      for (int64_t p = 0; p < pixels; ++p) f(x[(n * channels + c) * pixels + p]);
    }
  };
  each([&](float v) { sum += v; });
  each([&](float v) { squares += (v - sum / count) * (v - sum / count); });
  return {static_cast<float>(sum / count), static_cast<float>(squares / count)};
}

void forward_layer(Pass& pass, size_t number) {
  Layer& layer = pass.net.layers[number];
  const Size in = pass.size_of(layer.inputs[0]), out = pass.size[number];
  const Values& x = pass.read(layer.inputs[0]);
  Values& y = pass.y[number];
  y.assign(static_cast<size_t>(pass.images * out.count()), 0.0F);
  const int64_t pixels = out.height * out.width;
  switch (layer.kind) {
    case Kind::conv:
    case Kind::linear:
      for (int64_t n = 0; n < pass.images; ++n) {
        const float* from = x.data() + n * in.count();
        float* to = y.data() + n * out.count();
        for (int64_t o = 0; o < out.count(); ++o) to[o] = layer.bias.value[o / pixels];
        for_each_product(layer, in, out, [&](int64_t o, int64_t i, int64_t p, int64_t q, int64_t w) {
          to[o * pixels + p] += layer.weight.value[w] * from[i * in.height * in.width + q];
        });
      }
      break;
    case Kind::batch_norm:
      pass.inverse[number].resize(static_cast<size_t>(in.channels));
      for (int64_t c = 0; c < in.channels; ++c) {
        auto [mean, variance] = std::pair(layer.mean[c], layer.variance[c]);
        if (pass.training) {
          std::tie(mean, variance) = statistics(x, pass.images, in.channels, pixels, c);
          layer.mean[c] += 0.1F * (mean - layer.mean[c]);
          layer.variance[c] += 0.1F * (variance - layer.variance[c]);
        }
        const float inverse = pass.inverse[number][c] = 1 / std::sqrt(variance + eps);
        for (int64_t n = 0; n < pass.images; ++n) {
          for (int64_t j = (n * in.channels + c) * pixels; j < (n * in.channels + c + 1) * pixels; ++j) {
            y[j] = (x[j] - mean) * inverse * layer.weight.value[c] + layer.bias.value[c];
          }
        }
      }
      break;
    case Kind::relu:
      for (size_t j = 0; j < y.size(); ++j) y[j] = std::max(x[j], 0.0F);
      break;
    case Kind::pool:
      for (size_t j = 0; j < y.size(); ++j) {
        const int64_t plane = static_cast<int64_t>(j) / pixels, p = static_cast<int64_t>(j) % pixels;
        const float* at = x.data() + (plane * in.height + p / out.width * 2) * in.width + p % out.width * 2;
        y[j] = (at[0] + at[1] + at[in.width] + at[in.width + 1]) / 4;
      }
      break;
    case Kind::flatten: y = x; break;
    case Kind::add:
      for (size_t j = 0; j < y.size(); ++j) y[j] = x[j] + pass.read(layer.inputs[1])[j];
      break;
  }
}

// From the layer's dy: its parameters' gradients, and what it adds to those of the layers that it reads.
void backward_layer(Pass& pass, size_t number) {
  Layer& layer = pass.net.layers[number];
  const Size in = pass.size_of(layer.inputs[0]), out = pass.size[number];
  const Values &x = pass.read(layer.inputs[0]), &y = pass.y[number], &dy = pass.dy[number];
  Values unused(x.size());  // the image's gradient
  Values& dx = layer.inputs[0] < 0 ? unused : pass.dy[static_cast<size_t>(layer.inputs[0])];
  const int64_t pixels = out.height * out.width;
  layer.weight.grad.assign(layer.weight.value.size(), 0.0F);
  layer.bias.grad.assign(layer.bias.value.size(), 0.0F);
  switch (layer.kind) {
    case Kind::conv:
    case Kind::linear:
      for (int64_t n = 0; n < pass.images; ++n) {
        const float *from = x.data() + n * in.count(), *g = dy.data() + n * out.count();
        float* to = dx.data() + n * in.count();
        for (int64_t o = 0; o < out.count(); ++o) layer.bias.grad[o / pixels] += g[o];
        for_each_product(layer, in, out, [&](int64_t o, int64_t i, int64_t p, int64_t q, int64_t w) {
          layer.weight.grad[w] += g[o * pixels + p] * from[i * in.height * in.width + q];
          to[i * in.height * in.width + q] += g[o * pixels + p] * layer.weight.value[w];
        });
      }
      break;
    case Kind::batch_norm:  // dx = inverse * weight * (dy - mean of dy - normalised x * mean of dy *
                            // normalised x)
      for (int64_t c = 0; c < in.channels; ++c) {
        const float mean = statistics(x, pass.images, in.channels, pixels, c).first,
                    inverse = pass.inverse[number][c];
        double sum = 0, products = 0;
        const auto each = [&](auto f) {
          for (int64_t n = 0; n < pass.images; ++n) {
            for (int64_t j = (n * in.channels + c) * pixels; j < (n * in.channels + c + 1) * pixels; ++j) {
              f(j, (x[j] - mean) * inverse);
            }
          }
        };
        each([&](int64_t j, float normalised) { sum += dy[j], products += dy[j] * normalised; });
        layer.bias.grad[c] = static_cast<float>(sum);
        layer.weight.grad[c] = static_cast<float>(products);
        const double count = static_cast<double>(pass.images * pixels);
        each([&](int64_t j, float normalised) {
          dx[j] += static_cast<float>(inverse * layer.weight.value[c] *
                                      (dy[j] - sum / count - normalised * products / count));
        });
      }
      break;
    case Kind::relu:
      for (size_t j = 0; j < dy.size(); ++j) dx[j] += y[j] > 0 ? dy[j] : 0.0F;
      break;
    case Kind::pool:
      for (size_t j = 0; j < dy.size(); ++j) {
        const int64_t plane = static_cast<int64_t>(j) / pixels, p = static_cast<int64_t>(j) % pixels;
        float* at = dx.data() + (plane * in.height + p / out.width * 2) * in.width + p % out.width * 2;
        for (float* to : {at, at + 1, at + in.width, at + in.width + 1}) *to += dy[j] / 4;
      }
      break;
    case Kind::flatten:
    case Kind::add:
      for (const int input : layer.inputs) {
        for (size_t j = 0; j < dy.size() && input >= 0; ++j) pass.dy[static_cast<size_t>(input)][j] += dy[j];
      }
      break;
  }
}

Pass run(Network& net, std::span<const float> images, bool training) {
  const Size image = {net.channels, net.height, net.width};
  Pass pass{net, std::ssize(images) / image.count(), training, sizes(net),
            Values(images.begin(), images.end())};
  const size_t layers = net.layers.size();
  pass.y.resize(layers), pass.dy.resize(layers), pass.inverse.resize(layers);
  for (size_t i = 0; i < layers; ++i) forward_layer(pass, i);
  return pass;
}

void adam(Parameter& p, int64_t step, float rate) {
  const float fresh1 = 1 - std::pow(0.9F, static_cast<float>(step)),
              fresh2 = 1 - std::pow(0.999F, static_cast<float>(step));
  for (size_t i = 0; i < p.value.size(); ++i) {
    p.m[i] = 0.9F * p.m[i] + 0.1F * p.grad[i];
    p.v[i] = 0.999F * p.v[i] + 0.001F * p.grad[i] * p.grad[i];
    p.value[i] -= rate * (p.m[i] / fresh1) / (std::sqrt(p.v[i] / fresh2) + 1e-8F);
  }
}

}  // namespace

std::vector<float> forward(const Network& net, std::span<const float> images) {
  Network copy = net;
  return run(copy, images, false).y.back();
}

double train_step(Network& net, std::span<const float> images, std::span<const int> labels, float rate) {
  for (const Layer& layer : net.layers) {
    for (const Parameter* p : {&layer.weight, &layer.bias}) {
      if (p->m.size() == p->value.size() && p->v.size() == p->value.size()) continue;
      throw std::runtime_error(layer.name + (p == &layer.weight ? ": weight" : ": bias") + " has " +
                               std::to_string(p->value.size()) + " values, but " +
                               std::to_string(p->m.size()) + " moments m and " + std::to_string(p->v.size()) +
                               " moments v");
    }
  }
  Pass pass = run(net, images, true);
  for (size_t i = 0; i < pass.y.size(); ++i) pass.dy[i].assign(pass.y[i].size(), 0.0F);
  const int64_t classes = pass.size.back().channels;
  double loss = 0;
  for (int64_t n = 0; n < pass.images;
       ++n) {  // loss = log of the sum of exp(y) - y of the label; dy = softmax - one-hot
    const float* y = pass.y.back().data() + n * classes;
    const float most = *std::max_element(y, y + classes);
    double sum = 0;
    for (int64_t c = 0; c < classes; ++c) sum += std::exp(double(y[c] - most));
    loss += std::log(sum) + most - y[labels[n]];
    for (int64_t c = 0; c < classes; ++c) {
      const double target = c == labels[n] ? 1 : 0;
      pass.dy.back()[n * classes + c] = static_cast<float>((std::exp(double(y[c] - most)) / sum - target) /
                                                           static_cast<double>(pass.images));
    }
  }
  for (size_t i = pass.y.size(); i-- > 0;) backward_layer(pass, i);
  ++net.steps;
  for (Layer& layer : net.layers) adam(layer.weight, net.steps, rate), adam(layer.bias, net.steps, rate);
  return loss / static_cast<double>(pass.images);
}

}  // namespace lab4
