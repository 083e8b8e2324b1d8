// What a step of pruning did to the outputs of a network.
#pragma once

#include <vector>

#include <tinynn/core/tensor.hpp>

namespace tinynn::structured {

/// The largest difference between two lists of outputs, relative to the largest |output| of the first;
/// infinity if there is a NaN that was none. Throws Error if their shapes differ.
double relative_change(const std::vector<Tensor>& before, const std::vector<Tensor>& after);

}  // namespace tinynn::structured
