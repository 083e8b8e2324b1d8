#include <tinynn/models/densenet.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn::models {
namespace {

constexpr int64_t blocks = 3, layers = 4, growth = 12;

}  // namespace

PreActivation::PreActivation(int64_t in, int64_t out, int64_t kernel)
    : bn(in), conv(in, out, kernel, {.padding = kernel / 2, .bias = false}) {}

void PreActivation::members(nn::Visitor& v) { v("bn", bn), v("conv", conv); }

Tensor PreActivation::forward(const Tensor& x) { return conv(relu(bn(x))); }

DenseNetSmall::DenseNetSmall() {
  int64_t channels = conv.weight.size(0);
  for (int64_t block = 0; block < blocks; ++block) {
    if (block > 0) {
      transitions.add(PreActivation(channels, channels / 2, 1));
      channels /= 2;
    }
    for (int64_t layer = 0; layer < layers; ++layer, channels += growth)
      dense.add(PreActivation(channels, growth, 3));
  }
}

void DenseNetSmall::members(nn::Visitor& v) {
  v("conv", conv);
  v("dense", dense);
  v("transitions", transitions);
  v("bn", bn);
  v("fc", fc);
}

Tensor DenseNetSmall::forward(const Tensor& x) {
  Tensor h = conv(x);
  for (int64_t block = 0; block < blocks; ++block) {
    if (block > 0) h = avg_pool2d(transitions[block - 1](h), 2);
    for (int64_t layer = 0; layer < layers; ++layer) h = concat({h, dense[block * layers + layer](h)}, 1);
  }
  return fc(flatten(adaptive_avg_pool2d(relu(bn(h)), {1, 1})));
}

}  // namespace tinynn::models
