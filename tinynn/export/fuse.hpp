// Fusing: fewer steps that compute the same, to rounding.
#pragma once

#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

/// Drops what nobody reads, folds scale_shift into the linear or conv2d before it, gives activations to the
/// step before them, and puts relu behind max_pool2d, where there is less of it. A value that two steps read
/// stays.
Plan fuse(Plan plan);

}  // namespace tinynn::deploy
