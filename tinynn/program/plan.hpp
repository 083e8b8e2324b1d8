// Plan: what a trained network computes, as data: a list of steps over the values of one sample, with
// constants in place of parameters. Normalisation is folded into the layer before it where that is exact, and
// activations are part of the step before them. Program runs a plan; the exporters print it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tinynn/core/tensor.hpp>

namespace tinynn::deploy {

enum class Activation { none, relu, leaky_relu, sigmoid, tanh, silu, gelu, gelu_tanh };

struct Step {
  enum class Kind {
    linear,          // weight (out, in), bias (out)
    conv2d,          // weight (o, c/groups, kh, kw), bias (o)
    scale_shift,     // y[c] = x[c] weight[c] + bias[c], for each channel (the first dimension)
    activation,      // of one input, where no step before it could take it
    max_pool2d,      //
    avg_pool2d,      // kernel 0: adaptive, as many windows as the output has pixels
    add,             // of two values of one shape
    subtract,        //
    multiply,        //
    scale_channels,  // x[c] times input 1's number c
    concat,          // of all inputs along the first dimension
    gather,          // y[i] = x[from[i]]
    softmax,         // along dimension `dim`
    log_softmax,     //
    reshape          // the same numbers in another shape
  };

  Kind kind;
  std::vector<int> inputs;  // numbers of values
  int output;
  Tensor weight, bias;  // of linear, conv2d and scale_shift; there is always a bias
  int64_t kernel = 0, stride = 1, padding = 0, dilation = 1, groups = 1;
  bool count_include_pad = false;  // of avg_pool2d
  int64_t dim = 0;                 // of softmax and log_softmax, without the dimension of the samples
  std::vector<int32_t> from;       // of gather
  Activation activation = Activation::none;  // of what the step gives
  double slope = 0;                          // of leaky_relu, below zero
};

struct Plan {
  std::vector<Shape> values;  // of one sample
  std::vector<Step> steps;    // in an order in which they can run
  int input = 0, output = 0;  // numbers of values
};

/// "conv2d", "max_pool2d" ...
std::string name_of(Step::Kind kind);
std::string name_of(Activation activation);

}  // namespace tinynn::deploy
