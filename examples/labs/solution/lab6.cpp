// Lab 6: eight bits. See lab6.hpp for what each function has to do.
#include "lab6.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "network.hpp"

namespace lab6 {

Affine scale_zero_point(float low, float high) {
  // BEGIN SOLUTION scale_zero_point
  if (!std::isfinite(low) || !std::isfinite(high) || low > high)
    throw std::invalid_argument("scale_zero_point: expected low <= high, both finite");
  // Padding, ReLU and pruned weights are zeros: an error in them would be everywhere.
  const double from = std::min(low, 0.0F), to = std::max(high, 0.0F);
  const double scale = from == to ? 1 : (to - from) / 255;
  return {scale, static_cast<int>(std::lround(-128 - from / scale))};
  // END SOLUTION
}

std::vector<std::int8_t> quantize(std::span<const float> x, Affine affine) {
  // BEGIN SOLUTION quantize
  std::vector<std::int8_t> q;
  for (const float value : x) {
    // Cut off before it is rounded: what is far outside fits into no integer.
    const double steps = std::clamp(value / affine.scale, -1000.0, 1000.0);
    q.push_back(static_cast<std::int8_t>(std::clamp(std::lround(steps) + affine.zero_point, -128L, 127L)));
  }
  return q;
  // END SOLUTION
}

Weights quantize_weights(std::span<const float> weights, int outputs) {
  // BEGIN SOLUTION quantize_weights
  Weights result;
  const std::size_t length = weights.size() / outputs;
  for (int o = 0; o < outputs; ++o) {
    const auto row = weights.subspan(o * length, length);
    double largest = 0;
    for (const float w : row) largest = std::max(largest, std::abs(double{w}));
    const double scale = largest > 0 ? largest / 127 : 1;
    for (const float w : row) result.values.push_back(static_cast<std::int8_t>(std::lround(w / scale)));
    result.scales.push_back(scale);
  }
  return result;
  // END SOLUTION
}

std::vector<std::int32_t> quantize_bias(std::span<const float> bias, double input_scale,
                                        std::span<const double> weight_scales) {
  // BEGIN SOLUTION quantize_bias
  // In steps of the sum that it is added to. A small scale makes it large: 8 bits would not do.
  std::vector<std::int32_t> q;
  for (std::size_t o = 0; o < bias.size(); ++o) {
    const double steps = std::clamp(bias[o] / (input_scale * weight_scales[o]), -0x1p31, 0x1p31 - 1);
    q.push_back(static_cast<std::int32_t>(std::lround(steps)));
  }
  return q;
  // END SOLUTION
}

// BEGIN SOLUTION
// A sum of output o as the next layer reads it.
template <class Layer>
static std::int8_t requantize(const Layer& layer, int o, std::int32_t sum) {
  const long y = std::lround(sum * layer.ratios[o]) + layer.output_zero;
  return static_cast<std::int8_t>(std::clamp(y, layer.relu ? long{layer.output_zero} : -128L, 127L));
}
// END SOLUTION

std::vector<std::int8_t> int8_linear(const Linear& layer, std::span<const std::int8_t> x) {
  // BEGIN SOLUTION int8_linear
  std::vector<std::int8_t> y;
  for (int o = 0; o < layer.outputs; ++o) {
    std::int32_t sum = layer.bias[o];
    for (int i = 0; i < layer.inputs; ++i)
      sum += layer.weights[o * layer.inputs + i] * (x[i] - layer.input_zero);
    y.push_back(requantize(layer, o, sum));
  }
  return y;
  // END SOLUTION
}

std::vector<std::int8_t> int8_conv(const Conv& layer, std::span<const std::int8_t> x) {
  // BEGIN SOLUTION int8_conv
  const auto& [channels, height, width, outputs, kernel, stride, padding] = layer.sizes;
  std::vector<std::int8_t> y;
  for (int o = 0; o < outputs; ++o) {
    for (int row = -padding; row + kernel <= height + padding; row += stride) {
      for (int column = -padding; column + kernel <= width + padding; column += stride) {
        std::int32_t sum = layer.bias[o];
        for (int c = 0; c < channels; ++c) {
          // Padding stands for 0, so it adds nothing: only pixels are visited.
          for (int i = std::max(0, -row); i < std::min(kernel, height - row); ++i) {
            for (int j = std::max(0, -column); j < std::min(kernel, width - column); ++j) {
              sum += layer.weights[((o * channels + c) * kernel + i) * kernel + j] *
                     (x[(c * height + row + i) * width + column + j] - layer.input_zero);
            }
          }
        }
        y.push_back(requantize(layer, o, sum));
      }
    }
  }
  return y;
  // END SOLUTION
}

Codebook kmeans_codebook(std::span<const float> weights, int k) {
  // BEGIN SOLUTION kmeans_codebook
  if (weights.empty() || k < 1 || k > 256)
    throw std::invalid_argument("kmeans_codebook: expected weights and 1 to 256 centres");
  const double low = *std::ranges::min_element(weights), high = *std::ranges::max_element(weights);
  std::vector<double> centres;
  for (int c = 0; c < k; ++c) centres.push_back(k == 1 ? (low + high) / 2 : low + (high - low) * c / (k - 1));

  std::vector<std::uint8_t> index;
  for (;;) {
    std::vector<std::uint8_t> nearest;
    for (const double w : weights) {
      // The first of equals.
      const auto c =
          std::ranges::min_element(centres, {}, [&](double centre) { return std::abs(w - centre); });
      nearest.push_back(static_cast<std::uint8_t>(c - centres.begin()));
    }
    if (nearest == index) break;
    index = nearest;
    std::vector<double> sums(k), counts(k);
    for (std::size_t i = 0; i < weights.size(); ++i) sums[index[i]] += weights[i], ++counts[index[i]];
    for (int c = 0; c < k; ++c)
      if (counts[c] > 0) centres[c] = sums[c] / counts[c];
  }
  return {{centres.begin(), centres.end()}, index};
  // END SOLUTION
}

std::vector<std::uint8_t> pack(std::span<const std::uint8_t> index, int bits) {
  // BEGIN SOLUTION pack
  std::vector<std::uint8_t> bytes((index.size() * bits + 7) / 8);
  for (std::size_t at = 0; at < index.size() * bits; ++at) {
    const int bit = index[at / bits] >> at % bits & 1;
    bytes[at / 8] |= static_cast<std::uint8_t>(bit << at % 8);
  }
  return bytes;
  // END SOLUTION
}

// BEGIN SOLUTION
// The mean square of how far int8 is from the last convolution's weights.
static double mean_square_error(std::span<const float> weights, int rows) {
  const Weights rounded = quantize_weights(weights, rows);
  double squares = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double error = rounded.values[i] * rounded.scales[i * rows / weights.size()] - weights[i];
    squares += error * error;
  }
  return squares / static_cast<double>(weights.size());
}
// END SOLUTION

double question1() {
  // BEGIN SOLUTION question1
  return 1 / std::sqrt(12);  // what is equally distributed over one step is so far from its middle
  // END SOLUTION
}

double question2() {
  // BEGIN SOLUTION question2
  const FloatConv& last = trained_network().convs.back();
  return mean_square_error(last.weights, 1) / mean_square_error(last.weights, last.sizes.outputs);
  // END SOLUTION
}

double question3() {
  // BEGIN SOLUTION question3
  const Codebook book = kmeans_codebook(trained_network().convs.back().weights, 16);
  double bits = 0;
  for (int c = 0; c < 16; ++c) {
    const double p =
        static_cast<double>(std::ranges::count(book.index, c)) / static_cast<double>(book.index.size());
    if (p > 0) bits -= p * std::log2(p);
  }
  return bits;
  // END SOLUTION
}

}  // namespace lab6
