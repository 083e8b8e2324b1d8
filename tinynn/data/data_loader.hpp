// DataLoader: a dataset in batches, epoch after epoch (torch.utils.data.DataLoader).
//
//   for (auto& [images, labels] : loader) ...   // images (n, c, h, w), labels (n)
//   for (auto& [x, y] : loader) mse_loss(net(x), y);   // where targets are tensors
//
// Every loop is a new epoch, with an order and augmentations of its own that depend on (seed, epoch) alone.
// The batch belongs to the iterator, not to the loader: loops may nest, end early, or run side by side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>

#include <tinynn/core/targets.hpp>
#include <tinynn/data/dataset.hpp>

namespace tinynn {
class StateVisitor;
}

namespace tinynn::data {

struct Batch {
  Tensor inputs;    // (n, ...sample_shape)
  Targets targets;  // (n) labels, or (n, ...target_shape)
};

struct DataLoaderOptions {
  int64_t batch_size = 1;
  bool shuffle = false;
  bool drop_last = false;             // leave out a last batch that is not full
  bool prefetch = true;               // a thread prepares the next batch while this one is used
  std::optional<uint64_t> seed = {};  // by default drawn, once, from the library's generator (manual_seed)
};

/// Which part of each batch: of its n samples those from n first / of to n last / of.
struct Share {
  int64_t first = 0, last = 1, of = 1;

  int64_t begin(int64_t samples) const { return samples * first / of; }
  int64_t end(int64_t samples) const { return samples * last / of; }
};

/// Walks through one epoch. A move-only C++20 input iterator; it needs the dataset but not the loader.
class BatchIterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = Batch;
  using difference_type = std::ptrdiff_t;

  BatchIterator(BatchIterator&& other) noexcept;
  BatchIterator& operator=(BatchIterator&& other) noexcept;
  ~BatchIterator();

  Batch& operator*() const;
  Batch* operator->() const { return &**this; }
  /// Throws what Dataset::get threw while this batch was made, also if that was in the background. One more
  /// step then goes on to the batch after it.
  BatchIterator& operator++();
  void operator++(int) { ++*this; }
  bool operator==(std::default_sentinel_t) const;

 private:
  friend class DataLoader;
  struct State;
  explicit BatchIterator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class DataLoader {
 public:
  /// Throws Error if the dataset is missing or empty or the batch size is below 1.
  explicit DataLoader(DatasetPtr dataset, const DataLoaderOptions& options = {});

  /// Starts a new epoch, at one of its batches, of all of which it reads this share. Throws what making that
  /// throws.
  BatchIterator begin(int64_t batch = 0, const Share& share = {});
  std::default_sentinel_t end() const { return {}; }

  /// Batches in an epoch.
  int64_t size() const;
  /// Samples in one batch of an epoch.
  int64_t samples_in(int64_t batch) const;
  /// Samples in an epoch: those of the dataset, or less with drop_last.
  int64_t samples() const;
  const DatasetPtr& dataset() const { return dataset_; }
  const DataLoaderOptions& options() const { return options_; }
  /// Number of the epoch that the next begin() starts: 0 at first.
  int64_t epoch() const { return epoch_; }
  /// Makes the next begin() start this epoch, to go on where another run stopped.
  void set_epoch(int64_t epoch) { epoch_ = epoch; }
  /// Inputs of the first batch in plain order: what a network is traced with. Starts no epoch.
  Tensor example() const;
  /// Seed and epoch.
  void state(StateVisitor& visit);

 private:
  DatasetPtr dataset_;
  DataLoaderOptions options_;
  uint64_t seed_;
  int64_t epoch_ = 0;
};

}  // namespace tinynn::data
