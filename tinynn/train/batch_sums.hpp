// sum_over_batches: what is summed over the batches of a data set, which shards and processes share.
#pragma once

#include <cstdint>
#include <functional>

#include <tinynn/data/data_loader.hpp>
#include <tinynn/train/shards.hpp>

namespace tinynn::train {

/// As in RunOptions: among how many shards something is shared, and these among which processes.
struct Sharing {
  int64_t shards = 1;
  Reduce* reduce = nullptr;
};

/// How many batches of an epoch are meant: at most `batches`, below 0 all.
int64_t batches_of(const data::DataLoader& loader, int64_t batches);

/// `zeros`, after add(batch, sums) of batches_of(loader, batches) batches of the next epoch. Each shard has
/// batches that follow each other; sums are made as by Shards, to the same bits on all processes. Throws what
/// Shards::sum throws.
Sums sum_over_batches(data::DataLoader& loader, int64_t batches, const Sharing& sharing, const Sums& zeros,
                      const std::function<void(const data::Batch& batch, Sums& sums)>& add);

}  // namespace tinynn::train
