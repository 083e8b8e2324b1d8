// The tables: what can be pruned by, what dies together, how sparsity grows, what makes zeros and what brings
// weights back. The command's options, help and errors read them. A criterion of one's own is one row: add it
// to criteria.cpp, or use prune::iterate() with a function.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <tinynn/data/data_loader.hpp>
#include <tinynn/data/transform.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/optim/lr_scheduler.hpp>
#include <tinynn/prune/gradient_criteria.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/recipe/part.hpp>
#include <tinynn/recipe/recipe.hpp>
#include <tinynn/recipe/table.hpp>
#include <tinynn/structured/prune_channels.hpp>

namespace tinynn::recipe {

struct GranularityRow;

/// What rows make their things from: a network, its training data, and what a recipe says of them. All of it
/// outlives what is made.
struct Context {
  nn::Module& module;
  data::DataLoader& loader;
  const Recipe& recipe;
  std::function<double()> accuracy;     // on validation data; may be empty
  const GranularityRow& row;            // of the granularity
  std::vector<Parameter> weights;       // of the chosen layers
  std::vector<Parameter> candidates;    // of these, what may be pruned
  train::Sharing sharing = {};          // of what criteria read
  prune::Movement* movement = nullptr;  // for the criterion that asks for it
  // Before the first step, where channels and layers are deleted: what fractions are fractions of.
  std::optional<structured::ChannelTotals> totals = {};
  double macs = 0;

  /// Samples, as many as it takes to trace the network.
  Tensor example() const;
  // As the recipe says.
  prune::Rule rule() const;
  prune::Granularity granularity() const;
  prune::Scope scope() const;

  void state(StateVisitor& visit);
};

/// If the recipe wants that: weights of units that have lost all inputs or all outputs go, too.
void cut_dead_units(const Context& context);

struct CriterionRow : Row {
  /// Empty for one that does not rank: "bernoulli".
  prune::Criterion (*make)(const Context& context) = nullptr;
  bool of_outputs = false;  // scores rows, filters and channels only
  /// For one that sums over training steps: what does, and sets Context::movement.
  std::unique_ptr<Part> (*observe)(Context& context) = nullptr;
};
std::span<const CriterionRow> criteria();

struct GranularityRow : Row {
  prune::Granularity (*make)(const std::string& argument);
  /// Brings the network to this sparsity (of channels, or of multiply-adds, where these die whole).
  void (*prune_to)(Context& context, double sparsity);
  bool of_outputs = false;  // whole outputs die: those of the last layer, the classes, may not
  bool deletes = false;     // what dies is deleted: channels, layers
};
std::span<const GranularityRow> granularities();
/// The row of a recipe's granularity. Throws Error if there is none.
const GranularityRow& granularity_row(const std::string& granularity);
/// 2 and 4 of "2:4". Throws Error if these are no whole numbers, 0 < N <= M.
std::pair<int64_t, int64_t> n_of_m(const std::string& granularity);

struct ScheduleRow : Row {
  prune::SparsitySchedule (*make)(const std::string& argument, const prune::ScheduleOptions& options);
};
std::span<const ScheduleRow> schedules();

struct LrScheduleRow : Row {
  optim::LrSchedule (*make)(const std::string& argument, int64_t steps);
};
std::span<const LrScheduleRow> lr_schedules();

/// A change that each picture of the training part gets anew in each epoch.
struct AugmentationRow : Row {
  data::Transform (*make)(double argument, const Shape& picture, const data::Fill& background);
};
std::span<const AugmentationRow> augmentations();
/// Whether a list of them has any: it is neither "none" nor empty.
inline bool augments(const std::string& list) { return !list.empty() && list != "none"; }
/// Those of a list such as "crop:4,flip", of pictures (c, h, w), in this order. Throws Error for what is no
/// such list.
std::vector<data::Transform> augmentations_of(const std::string& list, const Shape& picture,
                                              const data::Fill& background);

/// What optimizers have in common.
struct OptimizerSettings {
  double lr, momentum, weight_decay, l1;
};
struct OptimizerRow : Row {
  double lr, weight_decay;  // where nothing else is said
  std::unique_ptr<optim::Optimizer> (*make)(std::vector<Parameter> parameters,
                                            const OptimizerSettings& settings);
};
std::span<const OptimizerRow> optimizers();

struct RegularizerRow : Row {
  std::unique_ptr<Part> (*make)(const Context& context, double strength);
  bool makes_zeros = false;  // which say how much is pruned, where the recipe does not
  bool in_training = false;  // needs training before the first cut
};
std::span<const RegularizerRow> regularizers();

struct RegrowerRow : Row {
  std::unique_ptr<Regrower> (*make)(const Context& context);
};
std::span<const RegrowerRow> regrowers();

}  // namespace tinynn::recipe
