// Run: the training loop, ready made, as an object that goes on step by step, so that it can be watched,
// interrupted and continued; fit() runs one to its end. A loop written out by hand needs nothing from here.
//
//   train::Run run(net, adam, loader, {.epochs = 3});
//   while (run.advance()) std::cout << run.progress().loss << '\n';
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <tinynn/data/data_loader.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/optim/lr_scheduler.hpp>
#include <tinynn/optim/optimizer.hpp>
#include <tinynn/train/shards.hpp>

namespace tinynn::train {

/// Where training stands after a step; epochs and batches count from 0.
struct Progress {
  int64_t epoch, epochs;
  int64_t batch, batches;
  double loss;         // of this batch
  double counted = 0;  // by RunOptions::count

  void state(StateVisitor& visit);
};

using Loss = std::function<Tensor(const Tensor& output, const Targets& targets)>;
inline Tensor classification_loss(const Tensor& output, const Targets& targets) {
  return cross_entropy(output, targets);
}

/// A network that is imitated, in evaluation mode: of the loss, `share` is distillation_loss() to what it
/// gives for the same inputs. As long as the two are unlike, that has up to `temperature` times the gradient
/// of a cross-entropy: a learning rate near the edge may be too high then.
struct Teacher {
  nn::Module* module = nullptr;
  double temperature = 4;
  double share = 0.5;
};

struct RunOptions {
  int64_t epochs = 1;
  Loss loss = classification_loss;
  Teacher teacher = {};                  // optional
  std::function<Tensor()> penalty = {};  // optional; added to the loss, but not to what is reported
  std::function<void(int64_t step)> before_step = {};  // optional; called before the forward pass
  std::function<void(double lr)> after_step = {};     // optional; called after optimizer.step() with its rate
  optim::LrScheduler* scheduler = nullptr;            // stepped after every batch
  std::function<void(const Progress&)> on_step = {};  // optional; an exception from it ends the training
  // Optional; what it counts in the output is summed over the batch.
  std::function<double(const Tensor& output, const Targets& targets)> count = {};
  // What a batch's loss is a mean over, which says how much each shard counts; by default its samples.
  std::function<double(const Targets& targets)> divisor = {};
  // Optional; parameters besides the optimizer's that loss or penalty reach.
  std::function<std::vector<Parameter>()> more_parameters = {};
  int64_t shards = 1;            // that each batch is cut into; equal numbers give equal bytes
  bool sync_batch_norm = false;  // batch normalisation is of the batch, not of a shard (SyncBatchNorm)
  Reduce* reduce = nullptr;      // the processes that share them; none: this one has all
};

struct Epoch {
  double loss = 0;     // mean over the batches
  double seconds = 0;  // of training alone: without waiting for data

  void state(StateVisitor& visit);
};

class Run {
 public:
  /// All must outlive it. Throws Error for a negative number of epochs, and for shards that the processes
  /// cannot share (Shards).
  Run(nn::Module& module, optim::Optimizer& optimizer, data::DataLoader& loader, RunOptions options = {});
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// One step, in training mode; each module has its own mode back afterwards. Returns false, and does
  /// nothing, when all epochs are through. Throws Error when a loss, with its penalty, is NaN or infinite,
  /// naming the step; the parameters are then those before it.
  bool advance();
  bool is_over() const { return epoch_ == options_.epochs; }
  /// How many steps were taken.
  int64_t steps() const { return epoch_ * loader_->size() + batch_; }
  /// Of the last step.
  const Progress& progress() const { return progress_; }
  /// An entry for each epoch that is through.
  const std::vector<Epoch>& epochs() const { return epochs_; }
  /// Where it is. Module, optimizer, scheduler and loader have states of their own, which are read before.
  void state(StateVisitor& visit);

 private:
  Tensor mean_loss(const Tensor& output, const data::Batch& batch);
  // Forward and backward of a part of the batch that makes this share of its loss.
  Values pass(const data::Batch& batch, double share, bool penalise);
  // The same of all shards of a batch, of which this process has these samples.
  Values step_in_shards(const data::Batch& mine);

  nn::Module* module_;
  optim::Optimizer* optimizer_;
  data::DataLoader* loader_;
  RunOptions options_;
  Reduce alone_;
  Shards shards_;
  std::optional<data::BatchIterator> at_;  // in this epoch
  int64_t epoch_ = 0, batch_ = 0;
  Epoch sums_;
  Progress progress_{};
  std::vector<Epoch> epochs_;
};

using FitOptions = RunOptions;

/// Runs all epochs and returns an entry for each. Throws what Run throws.
std::vector<Epoch> fit(nn::Module& module, optim::Optimizer& optimizer, data::DataLoader& loader,
                       const FitOptions& options = {});

}  // namespace tinynn::train
