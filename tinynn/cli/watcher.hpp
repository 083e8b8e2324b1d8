// Watcher: looks at a run of the command after each of its steps, measures at its moments, and collects what
// the command prints and writes. What it collected is part of a checkpoint.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/report/prune_report.hpp>
#include <tinynn/recipe/run.hpp>

namespace tinynn::cli {

/// What is collected besides accuracies.
struct WatcherOptions {
  bool dense_latency = false, reports = false;
};

class Watcher {
 public:
  Watcher(nn::Module& module, Experiment& experiment, const Settings& settings,
          const WatcherOptions& options);

  void update(const recipe::Run& run);
  void state(StateVisitor& visit);

  Metrics metrics;
  PruneReport report;
  std::vector<double> step_seconds;
  int64_t undone = 0;  // which step, from 1; 0: none

 private:
  using Clock = std::chrono::steady_clock;
  void trained(const recipe::Progress& progress);
  std::chrono::duration<double> step_time() const { return Clock::now() - step_start_; }

  nn::Module& module_;
  Experiment& experiment_;
  WatcherOptions options_;
  int64_t weights_ = 0;  // that may be pruned, before the first step
  std::string label_;    // of the present training
  std::optional<TrainingView> training_;
  Clock::time_point step_start_;
};

}  // namespace tinynn::cli
