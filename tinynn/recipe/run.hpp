// Run: a recipe carried out, one step of training or of pruning at a time: dense training, if the recipe has
// epochs for it; then, step by step of the schedule, pruning and fine-tuning; in the end the deletion of dead
// channels. With ramp_epochs it is one training, in the middle of which all cuts are made. What a step was is
// seen in progress().
//
//   recipe::Run run(net, sgd, train, {.criterion = "taylor", .granularity = "filter", .sparsity = 0.8,
//                                     .finetune_epochs = 2});
//   while (run.advance()) std::cout << run.progress() << '\n';
//   run.save("run.ckpt");   // at any time; another run of the recipe can resume("run.ckpt")
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <vector>

#include <tinynn/nn/snapshot.hpp>
#include <tinynn/recipe/tables.hpp>
#include <tinynn/structured/compact.hpp>
#include <tinynn/train/run.hpp>

namespace tinynn::recipe {

/// What advance() did last.
enum class Moment {
  trained,    // one step of training
  dense,      // the training before the first cut is through
  pruned,     // a step of pruning; fine-tuning comes next
  finetuned,  // its fine-tuning is through
  undone,     // the last step of pruning, which lost more than max_loss
  finished,   // all is pruned and trained
  deleted,    // dead channels are deleted, after all training
};

struct Progress {
  Moment moment = Moment::dense;
  int64_t step = -1, steps = 0;  // of pruning, from 0; -1 before the first
  double target = 0;             // the schedule's sparsity at this step
  double sparsity = 0;           // Run::sparsity()
  train::Progress training{};    // of the last step of training

  void state(StateVisitor& visit);
};
std::ostream& operator<<(std::ostream& out, const Progress& progress);

struct RunOptions {
  /// On data that decisions may be based on; needed for max_loss and granularity "layer".
  std::function<double()> accuracy = {};
  train::Loss loss = train::classification_loss;
  train::Teacher teacher = {};  // in every training
  // As in train::RunOptions, of every training.
  std::function<double(const Tensor& output, const Targets& targets)> count = {};
  std::function<double(const Targets& targets)> divisor = {};
  int64_t shards = 1;
  bool sync_batch_norm = false;
  train::Reduce* reduce = nullptr;
};

class Run {
 public:
  /// All but the recipe must outlive it. Every training begins with the optimizer's present rates. Throws
  /// Error for a recipe that contradicts itself, or that does not fit the network.
  Run(nn::Module& module, optim::Optimizer& optimizer, data::DataLoader& train, const Recipe& recipe,
      RunOptions options = {});
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  using Visits = std::function<void(StateVisitor&)>;

  /// False when there is nothing left to do.
  bool advance();
  const Progress& progress() const { return progress_; }
  const Recipe& recipe() const { return recipe_; }
  /// The sparsity after each step.
  const prune::SparsitySchedule& schedule() const { return schedule_; }
  /// The fraction of the weights of the chosen layers that is zero, or deleted.
  double sparsity() const;
  /// Of the training that ended last.
  const std::vector<train::Epoch>& epochs() const { return epochs_; }
  /// The deletions so far together; none if nothing is to be deleted.
  const std::optional<structured::Compacted>& compacted() const { return compacted_; }

  /// All that decides what comes: the module, the optimizer, the loader and the default generator included.
  /// To be read into a run of the same recipe on a network made alike; it then ends in the same bytes.
  void state(StateVisitor& visit);
  /// Writes the state, and what the caller has to keep beside it, to a safetensors file, atomically. Throws
  /// Error if that fails.
  void save(const std::filesystem::path& file, const Visits& more = {});
  /// Goes on from such a file. Throws Error, and leaves everything as it was, if it cannot be read, is of
  /// another recipe, naming the first option that differs, or lacks something.
  void resume(const std::filesystem::path& file, const Visits& more = {});

 private:
  enum class Phase { dense, ramp, cut, finetune, judge, finish, erase, over };

  // One training, from the optimizer's first rates.
  void train(int64_t epochs, bool pruned);
  void train();      // that of the present phase
  bool train_one();  // false when the training is through
  StepOf step_of(int64_t steps, bool pruned) const;
  bool ramps() const { return !ramp_.empty(); }
  int64_t ramp_cut(int64_t k) const;  // after how many steps the ramp's cut number k is made
  void cut_of_ramp();
  void cut(double sparsity);
  void choose_weights();
  void begin_finetuning();
  void delete_dead();
  void end_parts();
  bool says(Moment moment);  // true
  bool prunes_zeros() const { return !recipe_.threshold && schedule_ == prune::SparsitySchedule{0}; }

  Recipe recipe_;
  RunOptions options_;
  nn::Module* module_;
  optim::Optimizer* optimizer_;
  data::DataLoader* loader_;
  prune::SparsitySchedule schedule_, ramp_;  // of a ramp, the former has the end alone
  int64_t cuts_ = 0;                         // of the ramp, so far
  Context context_;
  int64_t elements_;   // of the chosen weights, at first
  int64_t alive_ = 0;  // of them, by the masks, after the last cut
  std::vector<double> base_rates_;
  std::vector<std::unique_ptr<Part>> parts_;
  Regrower* regrower_ = nullptr;  // one of the parts
  // The present training.
  std::optional<optim::LrScheduler> scheduler_;
  std::optional<train::Run> training_;
  int64_t step_ = 0;          // of this training, while it is taken
  int64_t dense_epochs_ = 0;  // before the first cut
  Phase phase_ = Phase::dense;
  Progress progress_;
  std::vector<train::Epoch> epochs_;
  Snapshot early_, before_;  // for rewind; for max_loss
  double least_accuracy_ = 0;
  std::optional<structured::Compacted> compacted_;
};

}  // namespace tinynn::recipe
