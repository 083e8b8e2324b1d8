// Header export: a plan as one header in C99 that is also C++17 for desktops and microcontrollers, without
// heap, library or anything to link: constants, buffers whose sizes are known, and void NAME_predict(const
// float* input, float* output). Pruned weights take neither memory nor time, quantised ones are bytes.
//
//   const deploy::Header digits = deploy::to_header(deploy::quantize(deploy::plan(net, images), images));
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

struct HeaderOptions {
  std::string name = "network";  // in front of all names in the header
  /// What the comment on top says besides: {"accuracy", "98.1%"} ...
  std::vector<std::pair<std::string, std::string>> card = {};
  /// The input is pixels of 0 to 255, which the plan normalises itself (with_normalization()): besides floats
  /// it may be bytes.
  bool pixels = false;
};

struct Header {
  std::string text;
  int64_t constant_bytes = 0, memory_bytes = 0;  // of arrays; of static buffers
  /// Of static buffers where a compiler has vectors (SSE2, AVX2, NEON): dense
  /// convolutions pad their inputs.
  int64_t vector_memory_bytes = 0;
};

/// Throws Error, with the name of the step, for what cannot be written, and for a name that cannot be the
/// beginning of C++ names.
Header to_header(const Plan& plan, const HeaderOptions& options = {});

}  // namespace tinynn::deploy
