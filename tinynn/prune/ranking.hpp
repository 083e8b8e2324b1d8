// Ranking: what is worst. The groups of elements of several weights are ranked together, and the lowest die.
#pragma once

#include <span>

#include <tinynn/core/mask.hpp>
#include <tinynn/core/tensor.hpp>
#include <tinynn/prune/amount.hpp>
#include <tinynn/prune/criterion.hpp>
#include <tinynn/prune/granularity.hpp>

namespace tinynn::prune {

/// What dies, and by which scores.
struct Rule {
  Criterion criterion = magnitude();
  Granularity granularity = element();
  /// Of each parameter at least this fraction of the groups stays alive, and never less than one, unless the
  /// amount asks for all.
  double keep_at_least = 0;
};

/// Takes out of the masks of some weights, those of one Share, the groups that have the lowest scores. Ties
/// die in order of position, so that equal runs prune equal weights.
void kill_lowest(std::span<Mask> masks, std::span<const Tensor> scores, const Amount& amount,
                 const Rule& rule);

}  // namespace tinynn::prune
