// Ranking: who is worst. The groups of elements of several weights are ranked together, and the lowest die.
#pragma once

#include <span>

#include <tinynn/core/mask.hpp>
#include <tinynn/core/tensor.hpp>
#include <tinynn/prune/mask_rules.hpp>

namespace tinynn::prune {

/// Takes out of the masks of some weights, those of one Share, the groups that have the lowest scores. Ties
/// die in order of position, so that equal runs prune equal weights.
void kill_lowest(std::span<Mask> masks, std::span<const Tensor> scores, const Amount& amount,
                 const Rule& rule);

}  // namespace tinynn::prune
