// The tables that `tinynn prune` and `tinynn compact` show, on the terminal and in its report.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <tinynn/cli/metrics.hpp>
#include <tinynn/cli/table.hpp>

namespace tinynn::cli {

/// A row a pruning step; `seconds` that each took, evaluation included.
Table steps_table(const std::vector<StepMetrics>& steps, const std::vector<double>& seconds);
/// A network before, between and after: a column each, a row for everything that was counted or measured of
/// all, and the last column over the first. At least two.
Table comparison_table(const std::vector<std::pair<std::string, NetworkMetrics>>& states);
/// Dense, pruned and, if there is one, compacted.
Table comparison_table(const Metrics& metrics);

}  // namespace tinynn::cli
