// Deleting what is dead, and what that gained: for `tinynn compact` and the end of `tinynn prune`.
#pragma once

#include <tinynn/cli/experiment.hpp>
#include <tinynn/structured/compact.hpp>

namespace tinynn::cli {

struct CompactedNetwork {
  structured::Compacted report;
  NetworkMetrics metrics;  // of what is left
};

/// Throws Error as structured::compact does.
CompactedNetwork compact_and_measure(nn::Module& module, Experiment& experiment);

}  // namespace tinynn::cli
