// Plan: what a trained network computes, as data: a list of steps over the values of one sample, with
// constants in place of parameters. Program runs a plan; the exporters print it. In a plan of eight bits
// (export/quantize.hpp) values are bytes and weights whole numbers, each times a scale.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <tinynn/core/size2.hpp>
#include <tinynn/core/tensor.hpp>
#include <tinynn/program/step_table.hpp>

namespace tinynn::deploy {

/// How the numbers of a value are stored: as type, times scale.
struct NumberFormat {
  enum class Type { float32, int8, uint8 } type = Type::float32;
  float scale = 1;

  bool is_float() const { return type == Type::float32; }
  float lowest() const { return type == Type::int8 ? -127.0F : 0.0F; }
  float highest() const { return type == Type::int8 ? 127.0F : 255.0F; }
};

struct Step {
  const StepKind* kind;
  std::vector<int> inputs;  // numbers of values
  int output;
  Tensor weight = {}, bias = {};  // of linear, conv2d and scale_shift; there is always a bias
  /// Of linear and conv2d in eight bits, one an output: a row of the weight is so many times whole numbers of
  /// -127 to 127.
  std::vector<float> weight_scales = {};
  Size2 kernel = 0, stride = 1, dilation = 1;
  Padding2d padding = 0;
  int64_t groups = 1;
  bool count_include_pad = false;         // of avg_pool2d
  int64_t dim = 0;                        // of softmax and log_softmax, without the dimension of the samples
  std::vector<int32_t> from = {};         // of gather
  std::array<double, 2> parameters = {};  // of the kind, by its names for them
  const StepKind* activation = nullptr;   // of what the step gives, in place
  std::array<double, 2> activation_parameters = {};
};

struct Plan {
  std::vector<Shape> values;               // of one sample
  std::vector<Step> steps;                 // in an order in which they can run
  int input = 0, output = 0;               // numbers of values
  std::vector<NumberFormat> formats = {};  // of values; none: all are floats

  NumberFormat format(int value) const {
    return formats.empty() ? NumberFormat() : formats[static_cast<size_t>(value)];
  }
};

}  // namespace tinynn::deploy
