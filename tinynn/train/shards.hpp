// Shards: a batch is cut into parts, and what each gives, gradients and losses, is summed along one binary
// tree. The number of shards alone decides the tree, so the sum is the same, to the bit, on any number of
// processes that have a subtree each. Of masked parameters the live gradients alone are kept and sent.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include <tinynn/nn/module.hpp>
#include <tinynn/train/reduce.hpp>

namespace tinynn::train {

class SyncedShards;

/// What is summed besides gradients: the loss, and what is counted along.
using Values = std::array<double, 2>;
/// A list of numbers for each of several things.
using Sums = std::vector<std::vector<double>>;

class Shards {
 public:
  /// `reduce` has to outlive it. Throws Error if the ranks are not a power of two that divides `count`.
  /// With `sync_batch_norm`, batch normalisation in one(shard) is of all shards together (SyncBatchNorm).
  Shards(int64_t count, Reduce& reduce, bool sync_batch_norm = false);

  int64_t count() const { return count_; }
  /// Those of this process are [first, last).
  int64_t first() const { return reduce_->rank() * each(); }
  int64_t last() const { return first() + each(); }

  /// The sums of what add(shard, sums) adds to `zeros`, over all shards, on all processes. Throws, on all,
  /// what the first shard that failed threw, as AgreedError.
  Sums sum(const Sums& zeros, const std::function<void(int64_t shard, Sums& sums)>& add);
  /// Calls one(shard) for every shard of this process; it leaves gradients in the parameters, and returns its
  /// share of the values. Afterwards gradients and values are those of the whole batch on all processes, and
  /// each buffer of the module (running statistics) has moved by the sum of share(shard) times its move in
  /// that shard. Throws, on all processes, what the first shard that failed threw, as AgreedError.
  Values sum(nn::Module& module, const std::vector<Parameter>& parameters,
             const std::function<double(int64_t shard)>& share,
             const std::function<Values(int64_t shard)>& one);
  /// Compares all parameters and masks with those of the other processes. Throws AgreedError, naming a
  /// parameter that differs.
  void check_equal(nn::Module& module);

 private:
  // Whether all are well, and have lists of equal length to sum.
  void agree(const std::string& error, int64_t length, nn::Module& module);
  // Sums over the processes, of which none may have failed.
  void agreed_sum(std::vector<double>& mine, const std::string& error);
  void run_together(SyncedShards& shards, nn::Module& module);
  int64_t each() const { return count_ / reduce_->ranks(); }

  int64_t count_;
  Reduce* reduce_;
  bool sync_batch_norm_;
};

}  // namespace tinynn::train
