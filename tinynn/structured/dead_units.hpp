// Dead units: what pruning single weights leaves behind. A unit (a channel, a neuron) that has lost all its
// inputs, or all its outputs, still holds weights that do nothing; among those that are left, when few are
// wanted, they are a waste.
#pragma once

#include <cstdint>
#include <vector>

#include <tinynn/graph/graph.hpp>

namespace tinynn::structured {

/// Prunes, of these weights, what leads into units without live output and what leads out of units without
/// live input, until there are no more such units; returns how many weights were alive. A unit without input
/// still hands on its bias, which is lost, but biases stay as they are, so that such a unit may come back.
/// Inputs and outputs of the model are no such units, nor is anything that the graph cannot follow. Throws
/// Error, and changes nothing, if a weight is reparametrized or listed twice, and what tracing throws.
int64_t prune_dead_units(nn::Module& model, const graph::Example& example,
                         const std::vector<Parameter>& weights);

}  // namespace tinynn::structured
