// What you write in lab6.cpp, and what it computes with.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "../support/lab.hpp"

namespace lab6 {

/// An int8 q stands for the real number scale * (q - zero_point).
struct Affine {
  double scale = 1;
  int zero_point = 0;
};

/// Weights in int8, without a zero point: row o, of all weights of output o, stands for scales[o] * values.
struct Weights {
  std::vector<std::int8_t> values;
  std::vector<double> scales;
};

/// A linear layer in integers. Input x stands for s_x (x - input_zero), output y for s_y (y - output_zero),
/// and ratios[o] is s_x * scales[o] / s_y.
struct Linear {
  int inputs = 0, outputs = 0;
  std::vector<std::int8_t> weights;  // outputs x inputs
  std::vector<std::int32_t> bias;    // in steps of s_x * scales[o]
  std::vector<double> ratios;
  int input_zero = 0, output_zero = 0;
  bool relu = false;
};

/// Sizes of a convolution of square kernels. Of each side of an image, `padding` rows and columns are added
/// that stand for the real number 0.
struct Sizes {
  int channels = 0, height = 0, width = 0, outputs = 0, kernel = 0, stride = 1, padding = 0;
  int out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
  int out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
};

/// A convolution in integers; the rest as in Linear.
struct Conv {
  Sizes sizes;
  std::vector<std::int8_t> weights;  // outputs x channels x kernel x kernel
  std::vector<std::int32_t> bias;
  std::vector<double> ratios;
  int input_zero = 0, output_zero = 0;
  bool relu = false;
};

/// Few centres that stand for many weights: weight i is centres[index[i]].
struct Codebook {
  std::vector<float> centres;
  std::vector<std::uint8_t> index;
};

// "Rounded" is std::lround of a double: to the nearest integer, a half away from zero.

/// How numbers of low to high are stored in int8. The range is first widened to contain 0. Then -128 stands
/// for its lower end and 127 for its upper: scale = (high - low) / 255, and zero_point is -128 - low / scale,
/// rounded, so that 0 is an int8, exactly. A range of 0 to 0 has scale 1 (and so zero_point -128). All in
/// double, from low and high on. Throws std::invalid_argument unless low <= high and both are finite.
Affine scale_zero_point(float low, float high);

/// x / scale, rounded, plus zero_point; -128 or 127 where that is below or above, however far (1e30 is 127).
/// The division in double.
std::vector<std::int8_t> quantize(std::span<const float> x, Affine affine);

/// `weights` has one row of equal length for each output. The scale of a row is its largest |weight| / 127,
/// or 1 where all are 0; values are weight / scale, rounded. In double.
Weights quantize_weights(std::span<const float> weights, int outputs);

/// bias[o] / (input_scale * weight_scales[o]), rounded; the smallest or largest int32 where that is too small
/// or large. In double.
std::vector<std::int32_t> quantize_bias(std::span<const float> bias, double input_scale,
                                        std::span<const double> weight_scales);

/// sum[o] = bias[o] + the sum over i of weights[o, i] * (x[i] - input_zero), in int32, into which it fits.
/// y[o] = sum[o] * ratios[o], a product of doubles, rounded, plus output_zero, cut off at 127 and at -128,
/// or, with relu, at what stands for 0.
std::vector<std::int8_t> int8_linear(const Linear& layer, std::span<const std::int8_t> x);

/// The same of a convolution: x is channels x height x width, y is outputs x out_height x out_width. The
/// kernel is not turned around (what is to the right in the kernel meets what is to the right in the image),
/// as in all of deep learning.
std::vector<std::int8_t> int8_conv(const Conv& layer, std::span<const std::int8_t> x);

/// k-means in one dimension, by Lloyd's iterations, in double. With low and high the smallest and the largest
/// weight, centre c begins at low + (high - low) * c / (k - 1); a single centre begins in the middle.
///
/// 1. Each weight goes to its nearest centre; of two that are equally near, to the one with the lower number.
///
/// 2. Each centre moves to the mean of its weights; one without weights stays where it is.
///
/// These take turns until 1 gives what it gave before. Returns the centres, which are then the means of their
/// weights, and the assignment. Throws std::invalid_argument unless there are weights and k is 1 to
/// 256.
Codebook kmeans_codebook(std::span<const float> weights, int k);

/// Indices of `bits` bits each (1 to 8), one behind the other without space between: bit b of index i is bit
/// n = i * bits + b of the result, and that is bit n % 8, counted from the lowest, of byte n / 8. The last
/// byte is filled up with zeros.
std::vector<std::uint8_t> pack(std::span<const std::uint8_t> index, int bits);

/// 100,000 floats, equally distributed from -1 to 1, are stored in int8 as scale_zero_point(-1, 1) says. How
/// large is the error, as the root of its mean square, divided by the scale? (2%)
double question1();

/// The weights of the last convolution of trained_network(): by how much does the mean square of their error
/// grow if all channels have the same scale? A factor. (25%)
double question2();

/// All weights of the last convolution, in 16 centres: how many bits does an index need on average if
/// frequent ones may have short codes? The entropy, -sum p_c log2 p_c over the centres, where p_c is the
/// share of the weights that has centre c. (0.2)
double question3();

}  // namespace lab6
