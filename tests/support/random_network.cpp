#include "tests/support/random_network.hpp"

#include <limits>

#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/matmul.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/ops/shape.hpp>

using namespace tinynn;

namespace test {
namespace {

// Channels change places between two groups, as in ShuffleNet.
Tensor shuffle(const Tensor& x) {
  const Tensor split = reshape(x, {x.size(0), 2, -1, x.size(2), x.size(3)});
  return reshape(permute(split, {0, 2, 1, 3, 4}), {x.size(0), -1, x.size(2), x.size(3)});
}

}  // namespace

RandomNetwork::Step RandomNetwork::conv(int64_t in, int64_t out, int64_t kernel,
                                        const nn::Conv2dOptions& options) {
  convs_.emplace_back(in, out, kernel, options);
  return [k = convs_.size() - 1](RandomNetwork& net, const Tensor& x) { return net.convs_[k](x); };
}

RandomNetwork::Step RandomNetwork::norm(int64_t channels) {
  auto& bn = norms_.emplace_back(channels);
  bn.weight.assign(add(mul(draw_.tensor({channels}), 0.5), 1));
  bn.bias.assign(mul(draw_.tensor({channels}), 0.3));
  for (float& m : std::span(bn.running_mean.mutable_data(), static_cast<size_t>(channels)))
    m = draw_.number() / 4;
  return [k = norms_.size() - 1](RandomNetwork& net, const Tensor& x) { return net.norms_[k](x); };
}

RandomNetwork::Step RandomNetwork::activation() {
  switch (draw_.between(0, 9)) {
    case 0: return [](RandomNetwork&, const Tensor& x) { return leaky_relu(x, 0.1); };
    case 1: return [](RandomNetwork&, const Tensor& x) { return sigmoid(x); };
    case 2: return [](RandomNetwork&, const Tensor& x) { return tinynn::tanh(x); };
    case 3: return [](RandomNetwork&, const Tensor& x) { return silu(x); };
    case 4: return [](RandomNetwork&, const Tensor& x) { return gelu(x); };
    case 5: return [](RandomNetwork&, const Tensor& x) { return x; };
    default: return [](RandomNetwork&, const Tensor& x) { return relu(x); };
  }
}

RandomNetwork::Step RandomNetwork::same_channels() {
  const int64_t c = channels_;
  const bool bias = draw_.coin();
  Step first;
  switch (draw_.between(0, 4)) {
    case 0: first = conv(c, c, 3, {.padding = 1, .groups = c, .bias = bias}); break;
    case 1:
      first = c % 2 == 0 ? conv(c, c, 3, {.padding = 1, .groups = 2, .bias = bias}) : conv(c, c, 1);
      break;
    case 2: first = norm(c); break;
    case 3: first = conv(c, c, 1, {.bias = bias}); break;
    default: first = conv(c, c, 3, {.padding = 1, .bias = bias}); break;
  }
  return
      [first, then = activation()](RandomNetwork& net, const Tensor& x) { return then(net, first(net, x)); };
}

RandomNetwork::Step RandomNetwork::branching_step() {
  const int64_t c = channels_;
  switch (draw_.between(0, 7)) {
    case 0: {  // residual
      const Step branch = same_channels(), after = activation();
      return [=](RandomNetwork& net, const Tensor& x) { return after(net, x + branch(net, x)); };
    }
    case 1: {  // as in DenseNet
      const int64_t grown = draw_.between(1, 4);
      const Step branch = conv(c, grown, 3, {.padding = 1});
      channels_ += grown;
      return [=](RandomNetwork& net, const Tensor& x) { return concat({x, relu(branch(net, x))}, 1); };
    }
    case 2:  // a gated half
      if (c % 2 != 0) return activation();
      channels_ /= 2;
      return [](RandomNetwork&, const Tensor& x) {
        const auto halves = chunk(x, 2, 1);
        return tinynn::tanh(halves[0]) * halves[1];
      };
    case 3: {  // without the first channels
      if (c < 4) return activation();
      const int64_t first = draw_.between(1, 2);
      channels_ -= first;
      return [=](RandomNetwork&, const Tensor& x) {
        return slice(x, 1, first, std::numeric_limits<int64_t>::max());
      };
    }
    case 4:
      if (c % 2 != 0) return activation();
      return [](RandomNetwork&, const Tensor& x) { return shuffle(x); };
    case 5: {  // the same layer twice
      const Step shared = conv(c, c, 3, {.padding = 1});
      return [=](RandomNetwork& net, const Tensor& x) { return shared(net, relu(shared(net, x))); };
    }
    case 6: {  // squeeze and excitation: channels scaled by what the image as a whole says
      linears_.emplace_back(c, c);
      return [k = linears_.size() - 1](RandomNetwork& net, const Tensor& x) {
        const Tensor gate = sigmoid(net.linears_[k](mean(x, {2, 3})));
        return x * unsqueeze(unsqueeze(gate, 2), 3);
      };
    }
    default: {  // a learned scale
      scales_.emplace_back(add(mul(draw_.tensor({c, 1, 1}), 0.3), 1));
      return [k = scales_.size() - 1](RandomNetwork& net, const Tensor& x) { return x * net.scales_[k]; };
    }
  }
}

RandomNetwork::Step RandomNetwork::image_step() {
  switch (draw_.between(0, 7)) {
    case 0:
      if (side_ < 4) return same_channels();
      side_ /= 2;
      if (draw_.coin()) return [](RandomNetwork&, const Tensor& x) { return max_pool2d(x, 2); };
      return [](RandomNetwork&, const Tensor& x) { return avg_pool2d(x, 2); };
    case 1: return same_channels();
    case 2:
    case 3:
    case 4: return branching_step();
    default: {
      const int64_t in = channels_, kernel = side_ >= 3 && draw_.coin() ? 3 : 1;
      const int64_t padding = kernel == 3 && draw_.coin() ? 1 : 0;
      const int64_t stride = side_ >= 6 && draw_.chance(0.3) ? 2 : 1;
      channels_ = draw_.between(2, 8);
      side_ = (side_ + 2 * padding - kernel) / stride + 1;
      const bool normalised = draw_.coin();
      const Step first = conv(in, channels_, kernel,
                              {.stride = stride, .padding = padding, .bias = !normalised || draw_.coin()});
      const Step second = normalised ? norm(channels_) : activation(), third = activation();
      return [=](RandomNetwork& net, const Tensor& x) { return third(net, second(net, first(net, x))); };
    }
  }
}

RandomNetwork::RandomNetwork(uint64_t seed) : draw_(seed) {
  const int64_t depth = draw_.between(2, 12), images = draw_.between(1, depth);
  for (int64_t k = 0; k < images; ++k) steps_.push_back(image_step());
  int64_t features = channels_;
  if (draw_.coin()) {
    steps_.emplace_back([](RandomNetwork&, const Tensor& x) { return mean(x, {2, 3}); });
  } else {
    features *= side_ * side_;
    steps_.emplace_back([](RandomNetwork&, const Tensor& x) { return flatten(x); });
  }
  for (int64_t k = images; k < depth; ++k) {
    const int64_t out = k + 1 == depth ? 3 : draw_.between(3, 8);
    if (draw_.chance(0.3)) {  // by hand, with the weight as (in, out)
      scales_.emplace_back(draw_.tensor({features, out}));
      steps_.emplace_back([i = scales_.size() - 1](RandomNetwork& net, const Tensor& x) {
        return matmul(x, net.scales_[i]);
      });
    } else {
      linears_.emplace_back(features, out);
      steps_.emplace_back(
          [i = linears_.size() - 1](RandomNetwork& net, const Tensor& x) { return net.linears_[i](x); });
    }
    features = out;
    if (k + 1 == depth) break;
    if (draw_.chance(0.3)) {
      flat_norms_.emplace_back(features);
      steps_.emplace_back([i = flat_norms_.size() - 1](RandomNetwork& net, const Tensor& x) {
        return net.flat_norms_[i](x);
      });
    }
    steps_.push_back(activation());
  }
  if (features != 3 || images == depth) {
    linears_.emplace_back(features, 3);
    steps_.emplace_back(
        [i = linears_.size() - 1](RandomNetwork& net, const Tensor& x) { return net.linears_[i](x); });
  }
}

void RandomNetwork::members(nn::Visitor& v) {
  const auto list = [&](const char* kind, auto& all) {
    for (size_t k = 0; k < all.size(); ++k) v(kind + std::to_string(k), all[k]);
  };
  list("conv", convs_);
  list("norm", norms_);
  list("linear", linears_);
  list("flat_norm", flat_norms_);
  list("scale", scales_);
}

Tensor RandomNetwork::forward(const Tensor& x) {
  Tensor h = x;
  for (const Step& step : steps_) h = step(*this, h);
  return h;
}

}  // namespace test
