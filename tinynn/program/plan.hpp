// Plan: what a trained network computes, as data: a list of steps over the values of one sample, with
// constants in place of parameters. Program runs a plan; the exporters print it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <tinynn/core/size2.hpp>
#include <tinynn/core/tensor.hpp>
#include <tinynn/program/step_table.hpp>

namespace tinynn::deploy {

struct Step {
  const StepKind* kind;
  std::vector<int> inputs;  // numbers of values
  int output;
  Tensor weight = {}, bias = {};  // of linear, conv2d and scale_shift; there is always a bias
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
  std::vector<Shape> values;  // of one sample
  std::vector<Step> steps;    // in an order in which they can run
  int input = 0, output = 0;  // numbers of values
};

}  // namespace tinynn::deploy
