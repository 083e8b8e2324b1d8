// Pruner: the options of `tinynn prune` about pruning, and what they do to a network before, during and after
// its fine-tuning. Every option here stands for one function of tinynn/prune or tinynn/optim.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tinynn/cli/experiment.hpp>
#include <tinynn/data/data_loader.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/prune/gradient_criteria.hpp>
#include <tinynn/prune/iterate.hpp>
#include <tinynn/prune/l0_gates.hpp>
#include <tinynn/prune/regrow.hpp>
#include <tinynn/prune/splice.hpp>

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

void add_pruner_options(CLI::App& app, PrunerOptions& options);
/// One line: what the options without a value of their own come to.
std::string describe(const PrunerOptions& options);
/// The sparsity after each step; 0 where a threshold or a regularizer says how much. Throws Error for options
/// that do not go together.
prune::Schedule schedule_of(const PrunerOptions& options);

class Pruner {
 public:
  /// Throws Error for options that do not go together, or a layer that the module has not. The module and the
  /// loader have to outlive it.
  Pruner(const PrunerOptions& options, nn::Module& module, data::DataLoader& train);

  /// schedule_of() the options.
  const prune::Schedule& schedule() const { return schedule_; }
  /// Brings the masks to a sparsity of the schedule.
  void prune_to(double sparsity);
  /// The fraction that is cut of the weights of the chosen layers.
  double sparsity() const;
  bool needs_dense_training() const { return gates_ != nullptr; }
  /// Whether what dies are whole channels, which are to be deleted in the end.
  bool deletes() const;
  /// What training has to do for the regularizer, the regrowth and the criterion. `steps`: of this training.
  TrainingHooks hooks(int64_t steps, bool pruned);
  /// After dense training: the L0 gates decide, and are gone.
  void end_of_dense_training();
  /// After the last fine-tuning: what is cut stays cut.
  void end();

 private:
  prune::Rule rule();
  void prune_channels(double sparsity);
  bool prunes_zeros() const;  // those that a regularizer made, and nothing else
  void regrow(int64_t step, int64_t steps);

  PrunerOptions options_;
  nn::Module* module_;
  data::DataLoader* train_;
  std::vector<Parameter> weights_;     // of the chosen layers
  std::vector<Parameter> candidates_;  // those of the weights that may be pruned
  prune::Schedule schedule_;
  double sparsity_ = 0;  // that was asked for last
  std::function<void(double lr)> proximal_;
  std::function<Tensor()> penalty_;
  std::unique_ptr<prune::L0Gates> gates_;
  std::unique_ptr<optim::Adam> gate_optimizer_;
  std::unique_ptr<prune::Splice> splice_;
  std::unique_ptr<prune::SparseMomentum> sparse_momentum_;
  std::unique_ptr<DenseGrad> dense_grad_;
  std::unique_ptr<prune::Movement> movement_;
};

}  // namespace tinynn::cli
