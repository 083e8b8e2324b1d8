// Pruner: the options of `tinynn prune` about pruning, and what they do to a network before, during and after
// its fine-tuning. Every option here stands for one function of tinynn/prune or tinynn/optim.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/pruner_options.hpp>
#include <tinynn/data/data_loader.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/prune/gradient_criteria.hpp>
#include <tinynn/prune/iterate.hpp>
#include <tinynn/sparsify/l0_gates.hpp>
#include <tinynn/sparsify/regrow.hpp>
#include <tinynn/sparsify/splice.hpp>

namespace tinynn::cli {

class Pruner {
 public:
  /// Throws Error for options that do not go together, or a layer that the module has not. The module and the
  /// loader have to outlive it.
  Pruner(const PrunerOptions& options, nn::Module& module, data::DataLoader& train,
         std::function<double()> accuracy);

  /// schedule_of() the options.
  const prune::Schedule& schedule() const { return schedule_; }
  /// Brings the masks to a sparsity of the schedule.
  void prune_to(double sparsity);
  /// The fraction that is cut of the weights of the chosen layers.
  double sparsity() const;
  bool needs_dense_training() const { return gates_ != nullptr; }
  /// Whether what dies are whole channels, which are to be deleted in the end, or layers.
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
  void remove_layers(double left);  // of the multiply-adds, as a fraction
  bool prunes_zeros() const;        // those that a regularizer made, and nothing else
  void regrow(int64_t step, int64_t steps);

  PrunerOptions options_;
  nn::Module* module_;
  data::DataLoader* train_;
  std::function<double()> accuracy_;   // by which layers are ranked
  double macs_ = 0;                    // before the first layer went
  std::vector<Parameter> weights_;     // of the chosen layers
  std::vector<Parameter> candidates_;  // those of the weights that may be pruned
  prune::Schedule schedule_;
  double sparsity_ = 0;  // that was asked for last
  std::function<void(double lr)> proximal_;
  std::function<Tensor()> penalty_;
  std::unique_ptr<sparsify::L0Gates> gates_;
  std::unique_ptr<optim::Adam> gate_optimizer_;
  std::unique_ptr<sparsify::Splice> splice_;
  std::unique_ptr<sparsify::SparseMomentum> sparse_momentum_;
  std::unique_ptr<DenseGrad> dense_grad_;
  std::unique_ptr<prune::Movement> movement_;
};

}  // namespace tinynn::cli
