// The options of `tinynn prune` about pruning, as typed, and what they say together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tinynn/cli/command.hpp>
#include <tinynn/prune/schedule.hpp>

namespace tinynn::cli {

/// As typed.
struct PrunerOptions {
  std::optional<double> sparsity = {}, threshold = {}, to_macs = {}, to_parameters = {};
  std::string criterion = "magnitude", granularity = "weight", scope = "global", schedule = "cubic";
  std::string regularizer = {}, regrow = {};
  std::vector<std::string> layers = {};  // whose weights are pruned; none: those of all
  int64_t steps = 10, round_to = 1;
  double norm = 2;           // of criterion ln
  double keep_at_least = 0;  // of each layer
};

void add_pruner_options(const Command& command, PrunerOptions& options);
/// One line: what the options without a value of their own come to.
std::string describe(const PrunerOptions& options);
/// The sparsity after each step; 0 where a threshold or a regularizer says how much. Throws Error for options
/// that do not go together.
prune::Schedule schedule_of(const PrunerOptions& options);

/// "l1:1e-4" as {"l1", "1e-4"}; the second is empty where there is no colon.
std::pair<std::string, std::string> split(const std::string& text);
/// Throws Error, naming the option, for a text that is no number.
double number(const std::string& option, const std::string& text);

// Kinds of --granularity.
bool is_n_of_m(const std::string& granularity);
bool goes_by_channels(const std::string& granularity);
/// Whether what dies is deleted in the end: channels, neurons, layers.
bool deletes_whole(const std::string& granularity);

}  // namespace tinynn::cli
