// count: what a network costs, counted rather than guessed: the operations are those that ran on an example.
#pragma once

#include <cstdint>

#include <tinynn/nn/module.hpp>

namespace tinynn::graph {

struct Counts {
  int64_t parameters = 0;  // everything trainable
  int64_t nonzero = 0;     // of these, not zero
  int64_t macs = 0;        // live multiply-accumulates of one sample
};

/// Runs the module once on `example` (n, ...), n at least 1, in evaluation mode. Throws what forward throws.
Counts count(nn::Module& module, const Tensor& example);

}  // namespace tinynn::graph
