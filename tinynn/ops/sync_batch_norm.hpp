// SyncBatchNorm: batch normalisation of a batch of which each call is given a part.
#pragma once

#include <functional>
#include <span>

namespace tinynn {

/// While one lives, every batch_norm in training on this thread takes its moments, and on the way back the
/// sums in its gradient, over all parts of the batch, as if it were given them together. All parts have to
/// run the same calls, those that are empty, too. torch.nn.SyncBatchNorm.
class SyncBatchNorm {
 public:
  /// `sum` sums over all parts, element by element.
  explicit SyncBatchNorm(std::function<void(std::span<double> numbers)> sum);
  ~SyncBatchNorm();
  SyncBatchNorm(const SyncBatchNorm&) = delete;
  SyncBatchNorm& operator=(const SyncBatchNorm&) = delete;
  const std::function<void(std::span<double>)> sum;

 private:
  SyncBatchNorm* before_;
};

}  // namespace tinynn
