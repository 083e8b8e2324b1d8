// Dataset: numbered samples, all of one shape, each with a target: a class label, or a tensor of one shape
// (torch.utils.data.Dataset). Handed
// around as a DatasetPtr; nothing in it changes after it is made, so any number of loaders and threads may
// read one at the same time. Here are also the datasets that are made from other things: a tensor in memory,
// a selection of another dataset, a random split in two.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <tinynn/core/shape.hpp>
#include <tinynn/core/targets.hpp>
#include <tinynn/core/tensor.hpp>
#include <tinynn/data/generator.hpp>

namespace tinynn::data {

class Dataset {
 public:
  virtual ~Dataset() = default;

  /// Number of samples.
  virtual int64_t size() const = 0;
  /// Shape of one sample, such as (1, 28, 28).
  virtual Shape sample_shape() const = 0;
  /// Number of classes: labels are 0 .. classes() - 1; 0 where targets are tensors.
  virtual int64_t classes() const = 0;
  /// Writes sample i, sample_shape().numel() floats, to `out` and returns its label. What is random in it
  /// (augmentation) is drawn from the generator of this sample and epoch. Safe to call from several threads.
  /// Throws Error if there is no sample i.
  virtual int64_t get(int64_t i, Generator& generator, float* out) const = 0;
  /// Shape of a sample's target where that is a tensor; none where it is the label.
  virtual std::optional<Shape> target_shape() const { return {}; }
  /// Writes such a target; a dataset with a target_shape() has to. It draws the same random numbers as get():
  /// a target that is made of the sample sees the same augmentation.
  virtual void get_target(int64_t i, Generator& generator, float* out) const;
};

using DatasetPtr = std::shared_ptr<const Dataset>;

/// Samples x[0], x[1], ... of a tensor (n, ...). torch.utils.data.TensorDataset.
class TensorDataset : public Dataset {
 public:
  /// Shares the numbers of x. Without `classes` it is the largest label plus one. Throws Error if x is a
  /// scalar, or if there is not one label in [0, classes) for each sample.
  TensorDataset(const Tensor& x, Labels labels, std::optional<int64_t> classes = {});
  /// The same with targets y[0], y[1], ... of a tensor (n, ...).
  TensorDataset(const Tensor& x, const Tensor& y);

  int64_t size() const override { return x_.size(0); }
  Shape sample_shape() const override { return sample_of(x_); }
  int64_t classes() const override { return classes_; }
  int64_t get(int64_t i, Generator& generator, float* out) const override;
  std::optional<Shape> target_shape() const override;
  void get_target(int64_t i, Generator& generator, float* out) const override;

 private:
  static Shape sample_of(const Tensor& of);

  Tensor x_, y_;
  Labels labels_;
  int64_t classes_ = 0;
};

/// The same samples, each its own target: for auto-encoders.
DatasetPtr with_inputs_as_targets(DatasetPtr dataset);

/// Samples indices[0], indices[1], ... of another dataset; an index may come twice.
/// torch.utils.data.Subset.
class Subset : public Dataset {
 public:
  /// Throws Error if an index is not in the dataset.
  Subset(DatasetPtr dataset, std::vector<int64_t> indices);

  int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
  Shape sample_shape() const override { return dataset_->sample_shape(); }
  int64_t classes() const override { return dataset_->classes(); }
  int64_t get(int64_t i, Generator& generator, float* out) const override;
  std::optional<Shape> target_shape() const override { return dataset_->target_shape(); }
  void get_target(int64_t i, Generator& generator, float* out) const override;
  const std::vector<int64_t>& indices() const { return indices_; }

 private:
  DatasetPtr dataset_;
  std::vector<int64_t> indices_;
};

/// Two parts that share no sample: `count` randomly chosen ones, and the rest. The same seed gives the same
/// split. Throws Error if there are fewer than `count`. torch.utils.data.random_split.
std::pair<DatasetPtr, DatasetPtr> random_split(const DatasetPtr& dataset, int64_t count, uint64_t seed);

namespace detail {
int64_t split_count(int64_t samples, double fraction);
}

/// The same, where the first part is a fraction in [0, 1] of the whole, rounded to the nearest count.
std::pair<DatasetPtr, DatasetPtr> random_split(const DatasetPtr& dataset, std::floating_point auto fraction,
                                               uint64_t seed) {
  return random_split(dataset, detail::split_count(dataset->size(), static_cast<double>(fraction)), seed);
}

}  // namespace tinynn::data
