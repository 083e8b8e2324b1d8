// The page that `tinynn prune --report` writes.
#pragma once

#include <string>
#include <vector>

#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/metrics.hpp>
#include <tinynn/cli/report/layer_view.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/cli/training_curve.hpp>

namespace tinynn::cli {

/// What the page tells, collected while pruning goes on.
struct PruneReport {
  std::string command, settings;  // one line each
  std::string data;               // as the user names it
  Shape image = {};               // of a sample: (C, H, W)
  std::vector<LayerView> dense = {}, pruned = {};
  std::vector<TrainingCurve> dense_training = {}, finetuning = {};  // none or one; one a step

  /// What was collected so far.
  void state(StateVisitor& visit);
};

/// A whole HTML document. `metrics` have both networks, with latencies.
std::string prune_page(const PruneReport& report, const Metrics& metrics, const Table& steps);

}  // namespace tinynn::cli
