// count: what a network costs, counted rather than guessed: the operations are those that ran on an example.
#pragma once

#include <cstdint>

#include <tinynn/graph/graph.hpp>

namespace tinynn::graph {

struct Counts {
  int64_t parameters = 0;  // everything trainable
  int64_t nonzero = 0;     // of these, not zero
  int64_t macs = 0;        // live multiply-accumulates of one sample
};

/// Runs the module once on the example, in evaluation mode. Throws what forward throws.
Counts count(nn::Module& module, const Example& example);

}  // namespace tinynn::graph
