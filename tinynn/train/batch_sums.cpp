#include <algorithm>

#include <tinynn/train/batch_sums.hpp>

namespace tinynn::train {

int64_t batches_of(const data::DataLoader& loader, int64_t batches) {
  return batches < 0 ? loader.size() : std::min(batches, loader.size());
}

Sums sum_over_batches(data::DataLoader& loader, int64_t batches, const Sharing& sharing, const Sums& zeros,
                      const std::function<void(const data::Batch&, Sums&)>& add) {
  Reduce alone;
  Shards shards(sharing.shards, sharing.reduce != nullptr ? *sharing.reduce : alone);
  const int64_t epoch = loader.epoch(), count = batches_of(loader, batches);
  Sums sums = shards.sum(zeros, [&](int64_t shard, Sums& of_shard) {
    const data::Share share{shard, shard + 1, shards.count()};
    int64_t left = share.end(count) - share.begin(count);
    if (left == 0) return;
    loader.set_epoch(epoch);
    for (auto batch = loader.begin(share.begin(count)); left > 0; --left) {
      add(*batch, of_shard);
      if (left > 1) ++batch;
    }
  });
  loader.set_epoch(epoch + 1);
  return sums;
}

}  // namespace tinynn::train
