// Quantisation to eight bits, after training: weights become whole numbers of -127 to 127 times a scale of
// their output channel, values between layers bytes times a scale of their own, without a zero point: int8_t,
// or uint8_t where nothing is below zero. So zero stays zero, and a pruned weight pruned. Scales of values
// come from the largest numbers seen on a batch of images (Jacob et al. 2018, in the symmetric variant).
//
//   const deploy::QuantizedPlan small = deploy::quantize(deploy::plan(net, images), images);
#pragma once

#include <vector>

#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

/// How the numbers of a value are stored: as type, times scale.
struct NumberFormat {
  enum class Type { float32, int8, uint8 } type = Type::float32;
  float scale = 1;

  bool is_float() const { return type == Type::float32; }
  float lowest() const { return type == Type::int8 ? -127.0F : 0.0F; }
  float highest() const { return type == Type::int8 ? 127.0F : 255.0F; }
  /// The nearest number that can be stored.
  float round(float x) const;
};

struct QuantizedPlan {
  Plan plan;                                      // its weights and biases are rounded already
  std::vector<NumberFormat> formats;              // of values
  std::vector<std::vector<float>> weight_scales;  // by step of the plan, of linear and conv2d: one an output

  /// What an exported program computes, to rare ties in rounding: y (n, ...) of x (n, ...).
  Tensor operator()(const Tensor& x) const;
};

/// `images` (n, ...) are what values are calibrated on. The output stays float, and what softmax reads; so do
/// the sums inside activations other than relu. Max pooling, gather and reshape keep the format of their
/// input. Throws Error if the images do not fit the plan, or lead to a number that is not finite.
QuantizedPlan quantize(Plan plan, const Tensor& images);

/// For an input that is not normalised yet, such as pixels of 0 to 255: the same as of a plan
/// (plan_file.hpp). The new input stays as it comes.
QuantizedPlan with_normalization(QuantizedPlan plan, const std::vector<double>& mean,
                                 const std::vector<double>& std);

/// The same plan in floats.
QuantizedPlan unquantized(Plan plan);

/// Of a row of a linear's or conv2d's weight, times the format of what it reads: the scale of its sums.
float scale_of_sums(const QuantizedPlan& plan, size_t step, int64_t output);

}  // namespace tinynn::deploy
