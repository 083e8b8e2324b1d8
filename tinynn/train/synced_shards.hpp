// SyncedShards: the shards of one process where batch normalisation is of the whole batch. All go through the
// network at the same time and meet at each such layer, on the way forth and back.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include <tinynn/core/random.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/train/lockstep.hpp>

namespace tinynn::train {

class SyncedShards {
 public:
  /// Runs one(k) for each k in [first, last), with random numbers as decided by the state that the step began
  /// with, and k. Each finds parameters without gradients, and buffers as they are now.
  SyncedShards(int64_t first, int64_t last, const GeneratorState& before,
               const std::vector<Parameter>& parameters, nn::Module& module,
               std::function<void(int64_t k)> one);

  /// Goes on until each waits for sums, or is over. Throws what the first that failed threw.
  void go_on() { lockstep_.go_on(); }
  /// What shard k waits to be summed over all shards; the sums are to be written there. Empty: it is over.
  std::span<double> asked(int64_t k) const { return parts_[static_cast<size_t>(k - first_)].asked; }
  /// Gives parameters and buffers what shard k left behind, and it what they have.
  void swap(int64_t k);

 private:
  struct Part {
    std::vector<std::shared_ptr<detail::TensorImpl>> grads;
    std::vector<std::vector<float>> buffers;
    std::span<double> asked;
  };
  void run(int64_t k);

  int64_t first_;
  GeneratorState before_;
  std::vector<Parameter> parameters_;
  std::vector<Tensor> buffers_;
  std::function<void(int64_t)> one_;
  std::vector<Part> parts_;
  Lockstep lockstep_;  // last: its threads use the others
};

}  // namespace tinynn::train
