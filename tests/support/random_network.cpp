#include "tests/support/random_network.hpp"

#include <algorithm>
#include <limits>

#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/matmul.hpp>
#include <tinynn/ops/pad.hpp>
#include <tinynn/ops/pointwise.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/ops/shape.hpp>

#include "tests/support/with_activation.hpp"

using namespace tinynn;

namespace test {
namespace {

// Channels change places between two groups, as in ShuffleNet.
Tensor shuffle(const Tensor& x) {
  const Tensor split = reshape(x, {x.size(0), 2, -1, x.size(2), x.size(3)});
  return reshape(permute(split, {0, 2, 1, 3, 4}), {x.size(0), -1, x.size(2), x.size(3)});
}

// The rows or the columns of windows.
struct Axis {
  int64_t kernel, dilation = 1, stride = 1, before = 0, after = 0;
  int64_t reach() const { return dilation * (kernel - 1); }
};

Axis along(Draw& draw, int64_t size, bool same_size, bool of_pool, bool dilates) {
  Axis axis{.kernel = draw.between(1, std::min<int64_t>(3, size))};
  const int64_t most = of_pool ? axis.kernel / 2 : 2;  // what a side may be padded by
  if (dilates && 2 * axis.reach() < size && draw.chance(0.3)) axis.dilation = 2;
  if (same_size) {
    axis.before = draw.between(std::max<int64_t>(0, axis.reach() - most), std::min(most, axis.reach()));
    axis.after = axis.reach() - axis.before;
    return axis;
  }
  if (size >= 4 && draw.chance(0.3)) axis.stride = draw.between(2, 3);
  if (draw.coin()) axis.before = draw.between(0, most);
  if (draw.coin()) axis.after = draw.between(0, most);
  return axis;
}

}  // namespace

RandomNetwork::Windows RandomNetwork::windows(Layer of) {
  const bool same_size = of == Layer::conv_of_same_size || of == Layer::pool_of_same_size,
             is_pool = of != Layer::conv && of != Layer::conv_of_same_size,
             dilates = of != Layer::avg_pool && of != Layer::pool_of_same_size;
  const Axis rows = along(draw_, h_, same_size, is_pool, dilates),
             columns = along(draw_, w_, same_size, is_pool, dilates);
  h_ = (h_ + rows.before + rows.after - rows.reach() - 1) / rows.stride + 1;
  w_ = (w_ + columns.before + columns.after - columns.reach() - 1) / columns.stride + 1;
  return {.kernel = {rows.kernel, columns.kernel},
          .stride = {rows.stride, columns.stride},
          .dilation = {rows.dilation, columns.dilation},
          .padding = {rows.before, rows.after, columns.before, columns.after}};
}

RandomNetwork::Step RandomNetwork::conv(int64_t in, int64_t out, const Windows& w, int64_t groups,
                                        bool bias) {
  convs_.emplace_back(
      in, out, w.kernel,
      nn::Conv2dOptions{
          .stride = w.stride, .padding = w.padding, .dilation = w.dilation, .groups = groups, .bias = bias});
  return [k = convs_.size() - 1](RandomNetwork& net, const Tensor& x) { return net.convs_[k](x); };
}

// Of images that are small, to images that are not much larger.
RandomNetwork::Step RandomNetwork::transposed(int64_t in, int64_t out, int64_t groups) {
  struct Side {
    int64_t kernel, stride = 1, dilation = 1, padding = 0, more = 0;
  };
  const auto draw = [&](int64_t& length) {
    Side side{.kernel = draw_.between(1, 3)};
    if (length <= 5) side.stride = draw_.between(1, 3);
    if (draw_.chance(0.3)) side.dilation = 2;
    if (side.stride > 1 && draw_.coin()) side.more = draw_.between(1, side.stride - 1);
    const int64_t whole = (length - 1) * side.stride + side.dilation * (side.kernel - 1) + side.more + 1;
    if (whole > 4) side.padding = draw_.between(0, 1);
    length = whole - 2 * side.padding;
    return side;
  };
  const Side rows = draw(h_), columns = draw(w_);
  transposed_.emplace_back(in, out, Size2(rows.kernel, columns.kernel),
                           nn::ConvTranspose2dOptions{.stride = {rows.stride, columns.stride},
                                                      .padding = {rows.padding, columns.padding},
                                                      .output_padding = {rows.more, columns.more},
                                                      .dilation = {rows.dilation, columns.dilation},
                                                      .groups = groups,
                                                      .bias = draw_.coin()});
  return [k = transposed_.size() - 1](RandomNetwork& net, const Tensor& x) { return net.transposed_[k](x); };
}

// With statistics as of another data set, for a new one is almost the identity.
template <class Norm>
RandomNetwork::Step RandomNetwork::norm(std::vector<Norm> RandomNetwork::*norms, int64_t channels) {
  Norm& bn = (this->*norms)
                 .emplace_back(channels, nn::BatchNormOptions{.eps = draw_.coin() ? 1e-5 : 0.1,
                                                              .affine = draw_.chance(0.8)});
  if (bn.weight.defined()) {
    const double around = draw_.chance(0.8) ? 1 : -1;
    bn.weight.assign(add(mul(draw_.tensor({channels}), 0.5), around));
    bn.bias.assign(mul(draw_.tensor({channels}), 0.3));
  }
  for (float& m : std::span(bn.running_mean.mutable_data(), static_cast<size_t>(channels)))
    m = draw_.number() / 4;
  for (float& v : std::span(bn.running_var.mutable_data(), static_cast<size_t>(channels)))
    v = 1 + draw_.number() * 0.75F;
  return
      [=, k = (this->*norms).size() - 1](RandomNetwork& net, const Tensor& x) { return (net.*norms)[k](x); };
}

RandomNetwork::Step RandomNetwork::linear(int64_t in, int64_t out) {
  if (draw_.chance(0.3)) {  // by hand, with the weight as (in, out)
    scales_.emplace_back(draw_.tensor({in, out}));
    return
        [k = scales_.size() - 1](RandomNetwork& net, const Tensor& x) { return matmul(x, net.scales_[k]); };
  }
  linears_.emplace_back(in, out);
  return [k = linears_.size() - 1](RandomNetwork& net, const Tensor& x) { return net.linears_[k](x); };
}

// Half of them relu or none, the others whatever is in the table.
RandomNetwork::Step RandomNetwork::activation() {
  if (draw_.coin()) {
    if (draw_.chance(0.3)) return [](RandomNetwork&, const Tensor& x) { return x; };
    return [](RandomNetwork&, const Tensor& x) { return relu(x); };
  }
  const auto rows = activations();
  const auto* row = rows[static_cast<size_t>(draw_.between(0, std::ssize(rows) - 1))];
  std::array<double, 2> parameters{draw_.fraction(), draw_.fraction()};
  if (row->parameters[1] != nullptr) {  // from low to high
    parameters[0] -= 0.8;
    parameters[1] += parameters[0] + 0.5;
  }
  return [=](RandomNetwork&, const Tensor& x) {
    return activated(*row, within_its_domain(*row, x), parameters);
  };
}

RandomNetwork::Step RandomNetwork::prelu(int64_t channels) {
  auto& layer = prelus_.emplace_back(draw_.coin() ? 1 : channels);
  layer.weight.assign(mul(draw_.tensor(layer.weight.shape()), 0.8));
  return [k = prelus_.size() - 1](RandomNetwork& net, const Tensor& x) { return net.prelus_[k](x); };
}

namespace {

template <class Norm>
void start_anywhere(Norm& norm, Draw& draw) {
  if (norm.weight.defined()) norm.weight.assign(add(mul(draw.tensor(norm.weight.shape()), 0.5), 1));
  if (norm.bias.defined()) norm.bias.assign(mul(draw.tensor(norm.bias.shape()), 0.3));
}

}  // namespace

// Of numbers that are nearly the same, normalisation would leave the rounding: eps is large.
RandomNetwork::Step RandomNetwork::group_norm(int64_t channels) {
  int64_t per_group = draw_.between(1, 4);
  while (channels % per_group != 0) --per_group;
  auto& layer = group_norms_.emplace_back(channels / per_group, channels,
                                          nn::GroupNormOptions{.eps = 0.1, .affine = draw_.chance(0.8)});
  start_anywhere(layer, draw_);
  return
      [k = group_norms_.size() - 1](RandomNetwork& net, const Tensor& x) { return net.group_norms_[k](x); };
}

RandomNetwork::Step RandomNetwork::layer_norm(const Shape& last) {
  auto& layer = layer_norms_.emplace_back(
      last, nn::LayerNormOptions{.eps = 0.1, .elementwise_affine = draw_.chance(0.5), .bias = draw_.coin()});
  start_anywhere(layer, draw_);
  return
      [k = layer_norms_.size() - 1](RandomNetwork& net, const Tensor& x) { return net.layer_norms_[k](x); };
}

RandomNetwork::Step RandomNetwork::pool(bool same_size) {
  const bool largest = draw_.coin(), counts = draw_.coin();
  const Windows w = windows(same_size ? Layer::pool_of_same_size
                            : largest ? Layer::max_pool
                                      : Layer::avg_pool);
  if (largest) {
    return [=](RandomNetwork&, const Tensor& x) {
      return max_pool2d(x, w.kernel, {.stride = w.stride, .padding = w.padding, .dilation = w.dilation});
    };
  }
  return [=](RandomNetwork&, const Tensor& x) {
    return avg_pool2d(x, w.kernel, {.stride = w.stride, .padding = w.padding, .count_include_pad = counts});
  };
}

RandomNetwork::Step RandomNetwork::same_channels() {
  const int64_t c = channels_;
  const bool bias = draw_.coin();
  if (draw_.chance(0.4)) {
    switch (draw_.between(0, 4)) {
      case 0: return prelu(c);
      case 1: return h_ * w_ > 1 ? layer_norm({h_, w_}) : group_norm(c);
      case 2: return layer_norm({c, h_, w_});
      default: return group_norm(c);
    }
  }
  Step first;
  switch (draw_.between(0, 4)) {
    case 0: first = conv(c, c, windows(Layer::conv_of_same_size), c, bias); break;
    case 1: first = conv(c, c, windows(Layer::conv_of_same_size), c % 2 == 0 ? 2 : 1, bias); break;
    case 2: first = norm(&RandomNetwork::norms_, c); break;
    case 3: first = conv(c, c, {.kernel = 1}, 1, bias); break;
    default: first = conv(c, c, windows(Layer::conv_of_same_size), 1, bias); break;
  }
  return
      [first, then = activation()](RandomNetwork& net, const Tensor& x) { return then(net, first(net, x)); };
}

RandomNetwork::Step RandomNetwork::branching_step() {
  const int64_t c = channels_;
  switch (draw_.between(0, 13)) {
    case 0: {  // residual
      const Step branch = same_channels(), after = activation();
      return [=](RandomNetwork& net, const Tensor& x) { return after(net, x + branch(net, x)); };
    }
    case 1: {  // as in DenseNet
      const int64_t grown = draw_.between(1, 4);
      const Step branch = conv(c, grown, windows(Layer::conv_of_same_size)), after = activation();
      channels_ += grown;
      return [=](RandomNetwork& net, const Tensor& x) { return concat({x, after(net, branch(net, x))}, 1); };
    }
    case 2: {  // a gated half
      if (c % 2 != 0) return activation();
      channels_ /= 2;
      const Step gate = activation();
      return [=](RandomNetwork& net, const Tensor& x) {
        const auto halves = chunk(x, 2, 1);
        return gate(net, halves[0]) * halves[1];
      };
    }
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
      const Step shared = conv(c, c, windows(Layer::conv_of_same_size)), between = activation();
      return [=](RandomNetwork& net, const Tensor& x) { return shared(net, between(net, shared(net, x))); };
    }
    case 6: {  // squeeze and excitation: channels scaled by what the image as a whole says
      linears_.emplace_back(c, c);
      return [k = linears_.size() - 1](RandomNetwork& net, const Tensor& x) {
        const Tensor gate = sigmoid(net.linears_[k](mean(x, {2, 3})));
        return x * unsqueeze(unsqueeze(gate, 2), 3);
      };
    }
    case 7: {  // two that read what was pooled
      const Step pooled = pool(true), one = activation(), other = activation();
      return [=](RandomNetwork& net, const Tensor& x) {
        const Tensor h = pooled(net, x);
        return one(net, h) - other(net, h);
      };
    }
    case 8: std::swap(h_, w_); return [](RandomNetwork&, const Tensor& x) { return transpose(x, 2, 3); };
    case 9: {
      const double scale = draw_.fraction() + 0.5, shift = draw_.fraction() - 0.5;
      return [=](RandomNetwork&, const Tensor& x) { return add(mul(x, scale), shift); };
    }
    case 10: {
      const int64_t dim = draw_.between(1, 3);
      const bool log = draw_.coin();
      return [=](RandomNetwork&, const Tensor& x) { return log ? log_softmax(x, dim) : softmax(x, dim); };
    }
    case 11: {  // of two branches
      const Step branch = same_channels();
      const int64_t of = draw_.between(0, 2);
      return [=](RandomNetwork& net, const Tensor& x) {
        const Tensor y = branch(net, x);
        return of == 0 ? x / (abs(y) + 0.5) : of == 1 ? maximum(x, y) : minimum(y, x);
      };
    }
    case 12: {  // shares of what a line, an image or all is
      const std::vector<int64_t> dims =
          std::vector<std::vector<int64_t>>{{1}, {3, 2}, {1, 2, 3}}[static_cast<size_t>(draw_.between(0, 2))];
      const bool largest = draw_.coin();
      return [=](RandomNetwork&, const Tensor& x) {
        return x / ((largest ? amax(abs(x), dims, true) : sum(abs(x), dims, true)) + 0.5);
      };
    }
    default: {  // a learned scale
      scales_.emplace_back(add(mul(draw_.tensor({c, 1, 1}), 0.3), 1));
      return [k = scales_.size() - 1](RandomNetwork& net, const Tensor& x) { return x * net.scales_[k]; };
    }
  }
}

// The pixels as one sequence; what comes of it is an image of one row.
RandomNetwork::Step RandomNetwork::as_sequence() {
  const int64_t c = channels_, length = h_ * w_, kernel = draw_.between(1, std::min<int64_t>(4, length));
  const bool apart = draw_.chance(0.3);  // depthwise
  channels_ = apart ? c * (c <= 4 ? draw_.between(1, 2) : 1) : draw_.between(2, 8);
  const nn::Conv1dOptions options{.stride = length > 8 ? draw_.between(1, 2) : 1,
                                  .padding = draw_.coin() ? 0 : draw_.between(0, 2),
                                  .dilation = 2 * kernel < length && draw_.chance(0.3) ? 2 : 1,
                                  .groups = apart                                              ? c
                                            : c % 2 == 0 && channels_ % 2 == 0 && draw_.coin() ? 2
                                                                                               : 1,
                                  .bias = draw_.coin()};
  sequences_.emplace_back(c, channels_, kernel, options);
  const size_t k = sequences_.size() - 1;
  w_ = (length + 2 * options.padding - options.dilation * (kernel - 1) - 1) / options.stride + 1;
  h_ = 1;
  const Step after = activation();
  const int64_t window = w_ > 4 && draw_.coin() ? 2 : 1;
  const bool largest = draw_.coin();
  w_ /= window;
  return [=](RandomNetwork& net, const Tensor& x) {
    const Tensor y = after(net, net.sequences_[k](flatten(x, 2)));
    return unsqueeze(largest ? max_pool1d(y, window) : avg_pool1d(y, window), 2);
  };
}

// Of zeros or others: what relu and sigmoid make of nothing among them.
RandomNetwork::Step RandomNetwork::added_channels() {
  std::vector<int64_t> pads;
  for (int64_t* length : {&w_, &h_, &channels_}) {
    const bool more = *length < 8 && draw_.chance(length == &channels_ ? 0.6 : 0.4);
    for (int side = 0; side < 2; ++side) {
      pads.push_back(more ? draw_.between(0, 2) : 0);
      *length += pads.back();
    }
  }
  const double value = draw_.coin() ? 0 : draw_.coin() ? 0.5 : draw_.fraction() - 0.5;
  return [=](RandomNetwork&, const Tensor& x) { return pad(x, pads, value); };
}

RandomNetwork::Step RandomNetwork::image_step() {
  const int64_t c = channels_;
  if (kinds_ == Kinds::all && draw_.chance(0.4)) return draw_.coin() ? as_sequence() : added_channels();
  switch (draw_.between(0, 10)) {
    case 0: {
      const Step pooled = pool(false), after = activation();
      return [=](RandomNetwork& net, const Tensor& x) { return after(net, pooled(net, x)); };
    }
    case 1: return same_channels();
    case 2:
    case 3:
    case 4: return branching_step();
    case 5: {  // depthwise, with one to three filters for each channel
      channels_ *= c <= 6 ? draw_.between(1, 3) : 1;
      const bool bias = draw_.coin();
      const Step first = conv(c, channels_, windows(Layer::conv), c, bias), after = activation();
      return [=](RandomNetwork& net, const Tensor& x) { return after(net, first(net, x)); };
    }
    case 6: {
      if (h_ > 8 || w_ > 8) return activation();
      channels_ = draw_.between(2, 6);
      const int64_t groups = c % 2 == 0 && channels_ % 2 == 0 && draw_.coin() ? 2 : 1;
      const bool apart = draw_.chance(0.3);  // depthwise
      if (apart) channels_ = c * (c <= 4 ? draw_.between(1, 2) : 1);
      const Step first = transposed(c, channels_, apart ? c : groups), after = activation();
      if (draw_.coin()) return [=](RandomNetwork& net, const Tensor& x) { return after(net, first(net, x)); };
      const Step normed = norm(&RandomNetwork::norms_, channels_);
      return [=](RandomNetwork& net, const Tensor& x) { return after(net, normed(net, first(net, x))); };
    }
    case 7: {
      if (h_ > 8 || w_ > 8) return activation();
      if (draw_.chance(0.3)) {
        const Size2 scale = draw_.coin() ? Size2(1, 2) : Size2(2, 1);
        h_ *= scale.h;
        w_ *= scale.w;
        return [=](RandomNetwork&, const Tensor& x) { return upsample_nearest(x, scale); };
      }
      std::vector<int64_t> pads;
      for (int side = 0; side < 4; ++side) pads.push_back(draw_.between(0, 2));
      w_ += pads[0] + pads[1];
      h_ += pads[2] + pads[3];
      const double value = draw_.coin() ? 0 : draw_.fraction();
      // Not before a pool: ONNX Runtime 1.30 takes zeros that are padded in front of one for no pixels at
      // all.
      return [=](RandomNetwork&, const Tensor& x) { return tanh(pad(x, pads, value)); };
    }
    default: {
      channels_ = draw_.between(2, 8);
      const int64_t groups = c % 2 == 0 && channels_ % 2 == 0 && draw_.coin() ? 2 : 1;
      const bool normalised = draw_.coin(), bias = !normalised || draw_.coin();
      const Step first = conv(c, channels_, windows(Layer::conv), groups, bias);
      const Step second = draw_.chance(0.25) ? group_norm(channels_)
                          : normalised       ? norm(&RandomNetwork::norms_, channels_)
                                             : activation(),
                 third = draw_.chance(0.2) ? prelu(channels_) : activation();
      return [=](RandomNetwork& net, const Tensor& x) { return third(net, second(net, first(net, x))); };
    }
  }
}

RandomNetwork::Step RandomNetwork::to_features() {
  switch (draw_.between(0, 3)) {
    case 0: return [](RandomNetwork&, const Tensor& x) { return mean(x, {2, 3}); };
    case 1: {
      // Windows of one size, for ONNX has no others.
      const int64_t h = h_ % 2 == 0 && draw_.coin() ? 2 : 1, w = w_ % 3 == 0 && draw_.coin() ? 3 : 1;
      const bool largest = draw_.coin();
      channels_ *= h * w;
      return [=](RandomNetwork&, const Tensor& x) {
        return flatten(largest ? adaptive_max_pool2d(x, {h, w}) : adaptive_avg_pool2d(x, {h, w}));
      };
    }
    default: channels_ *= h_ * w_; return [](RandomNetwork&, const Tensor& x) { return flatten(x); };
  }
}

RandomNetwork::RandomNetwork(uint64_t seed, Kinds kinds) : draw_(seed), kinds_(kinds) {
  const int64_t depth = draw_.between(2, 12), images = draw_.between(1, depth);
  for (int64_t k = 0; k < images; ++k) steps_.push_back(image_step());
  steps_.push_back(to_features());
  for (int64_t k = images + 1; k < depth; ++k) {
    const int64_t features = draw_.between(3, 8);
    steps_.push_back(linear(channels_, features));
    channels_ = features;
    if (draw_.chance(0.3)) steps_.push_back(norm(&RandomNetwork::flat_norms_, channels_));
    if (draw_.chance(0.2)) steps_.push_back(draw_.coin() ? group_norm(channels_) : layer_norm({channels_}));
    steps_.push_back(draw_.chance(0.25) ? prelu(channels_) : activation());
  }
  steps_.push_back(linear(channels_, 3));
}

void RandomNetwork::members(nn::Visitor& v) {
  const auto list = [&](const char* kind, auto& all) {
    for (size_t k = 0; k < all.size(); ++k) v(kind + std::to_string(k), all[k]);
  };
  list("conv", convs_);
  list("sequence", sequences_);
  list("transposed", transposed_);
  list("norm", norms_);
  list("linear", linears_);
  list("flat_norm", flat_norms_);
  list("prelu", prelus_);
  list("group_norm", group_norms_);
  list("layer_norm", layer_norms_);
  list("scale", scales_);
}

Tensor RandomNetwork::forward(const Tensor& x) {
  Tensor h = x;
  for (const Step& step : steps_) h = step(*this, h);
  return h;
}

}  // namespace test
