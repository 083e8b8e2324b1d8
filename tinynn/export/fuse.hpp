// Fusing: fewer steps that compute the same, to rounding.
#pragma once

#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

/// Drops what nothing reads, folds scale_shift into the linear or conv2d before it, and gives activations to
/// the step before them where every exporter can apply them in place. A value that two steps read stays.
Plan fuse(Plan plan);

}  // namespace tinynn::deploy
