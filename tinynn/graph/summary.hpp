// summary: a network as a table, one row a layer:
//
//   layer  type    output          parameters    MACs  density
//   conv1  Conv2d  (1, 4, 28, 28)          40   28224     1.00
//   ...
//   total                               26138  110400     1.00
//
// Counted on a run, as count() does: a layer is a module that has parameters or no modules below it; what it
// is used for twice is added up, and its output is that of the last time.
#pragma once

#include <string>
#include <vector>

#include <tinynn/graph/graph.hpp>

namespace tinynn::graph {

struct LayerSummary {
  std::string name;        // dotted, empty for the module itself
  std::string type;        // its class, without namespaces
  Shape output;            // for the example; rank 0 if it did not run
  int64_t parameters = 0;  // trainable, tied ones in the first layer that lists them
  int64_t macs = 0;        // live multiply-accumulates of one sample
  int64_t weights = 0;     // elements of parameters of rank two and more, and how many are not zero: their
  int64_t nonzero = 0;     // share is the density
};

/// The layers in listing order. Runs the module once on the example, in evaluation mode. Throws what
/// forward throws.
std::vector<LayerSummary> layers(nn::Module& module, const Example& example);

/// The same as a table, with a last line of totals.
std::string summary(nn::Module& module, const Example& example);

}  // namespace tinynn::graph
