// The float network of lab 6, and what becomes of it with your functions. Given.
//
//   image 1x28x28 -> conv 3x3/2, 8 channels, relu -> conv 3x3/2, 16, relu -> conv 3x3/2, 32, relu -> linear
//   -> 10
//
// 10,952 weights, 150,000 multiplications an image.
#pragma once

#include "lab6.hpp"

namespace lab6 {

struct FloatConv {
  Sizes sizes;
  std::vector<float> weights, bias;
};

struct FloatNetwork {
  std::vector<FloatConv> convs;      // each with a relu
  std::vector<float> weights, bias;  // of the linear layer

  /// What goes into each layer for an image of 784 floats, and at last what comes out.
  std::vector<std::vector<float>> values(std::span<const float> image) const;
};

/// Trains the network, with tinynn, in some seconds; each call after the first gives the same.
const FloatNetwork& trained_network();

struct Int8Network {
  Affine input;
  std::vector<Conv> convs;
  Linear linear;

  std::vector<std::int8_t> operator()(std::span<const float> image) const;
};

/// Weights become int8 by quantize_weights. Values become int8 in the range that they have on these images (n
/// x 784), by scale_zero_point.
Int8Network to_int8(const FloatNetwork& network, std::span<const float> images);

/// The network with the weights of each layer in k centres.
FloatNetwork with_codebooks(FloatNetwork network, int k);

/// How many percent of the first 4,000 test images (all, if there are fewer) are recognised.
double accuracy(const FloatNetwork& network);
double accuracy(const Int8Network& network);

}  // namespace lab6
