// Criterion: what makes a weight worth keeping. It is one function from a parameter to scores of the same
// shape, the lowest of which are pruned first.
#pragma once

#include <functional>

#include <tinynn/autograd/parameter.hpp>

namespace tinynn::prune {

using Criterion = std::function<Tensor(const Parameter& weight)>;

/// |w|
Criterion magnitude();

}  // namespace tinynn::prune
