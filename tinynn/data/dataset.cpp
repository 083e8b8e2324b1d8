#include <algorithm>
#include <cmath>
#include <limits>

#include <tinynn/core/error.hpp>
#include <tinynn/data/dataset.hpp>

namespace tinynn::data {

void Dataset::get_target(int64_t /*i*/, Generator& /*generator*/, float* /*out*/) const {
  fail("dataset: it has a target_shape(), but no get_target()");
}

TensorDataset::TensorDataset(const Tensor& x, Labels labels, std::optional<int64_t> classes)
    : x_(x.detach()), labels_(std::move(labels)), classes_(classes.value_or(0)) {
  check(x.rank() >= 1, "TensorDataset: x is a scalar, expected a tensor of samples (n, ...)");
  check(x.size(0) == labels_.size(), "TensorDataset: ", labels_.size(), " labels for x of shape ", x.shape(),
        ", expected ", x.size(0));
  if (!classes && labels_.size() > 0) {
    const int64_t largest = *std::max_element(labels_.begin(), labels_.end());
    classes_ = largest + (largest < std::numeric_limits<int64_t>::max() ? 1 : 0);
  }
  for (int64_t i = 0; i < labels_.size(); ++i) {
    check(labels_[i] >= 0 && labels_[i] < classes_, "TensorDataset: label ", i, " is ", labels_[i],
          ", expected 0 to ", classes_ - 1);
  }
}

TensorDataset::TensorDataset(const Tensor& x, const Tensor& y) : x_(x.detach()), y_(y.detach()) {
  check(x.rank() >= 1 && y.rank() >= 1 && x.size(0) == y.size(0), "TensorDataset: targets of shape ",
        y.shape(), " for x of shape ", x.shape(), ", expected one for each sample (n, ...)");
}

Shape TensorDataset::sample_of(const Tensor& of) {
  return Shape(std::span(of.shape().begin() + 1, of.shape().end()));
}

int64_t TensorDataset::get(int64_t i, Generator&, float* out) const {
  check(i >= 0 && i < size(), "TensorDataset: no sample ", i, " among ", size());
  const int64_t each = x_.shape().inner(0);
  std::copy_n(x_.data() + i * each, each, out);
  return y_.defined() ? 0 : labels_[i];
}

std::optional<Shape> TensorDataset::target_shape() const {
  return y_.defined() ? std::optional(sample_of(y_)) : std::nullopt;
}

void TensorDataset::get_target(int64_t i, Generator&, float* out) const {
  const int64_t each = y_.shape().inner(0);
  std::copy_n(y_.data() + i * each, each, out);
}

namespace {

class SelfTargets : public Dataset {
 public:
  explicit SelfTargets(DatasetPtr dataset) : dataset_(std::move(dataset)) {
    check(dataset_ != nullptr, "with_inputs_as_targets: no dataset");
  }
  int64_t size() const override { return dataset_->size(); }
  Shape sample_shape() const override { return dataset_->sample_shape(); }
  int64_t classes() const override { return 0; }
  int64_t get(int64_t i, Generator& generator, float* out) const override {
    return dataset_->get(i, generator, out);
  }
  std::optional<Shape> target_shape() const override { return sample_shape(); }
  void get_target(int64_t i, Generator& generator, float* out) const override {
    dataset_->get(i, generator, out);
  }

 private:
  DatasetPtr dataset_;
};

}  // namespace

DatasetPtr with_inputs_as_targets(DatasetPtr dataset) {
  return std::make_shared<SelfTargets>(std::move(dataset));
}

Subset::Subset(DatasetPtr dataset, std::vector<int64_t> indices)
    : dataset_(std::move(dataset)), indices_(std::move(indices)) {
  check(dataset_ != nullptr, "Subset: no dataset");
  for (const int64_t index : indices_) {
    check(index >= 0 && index < dataset_->size(), "Subset: no sample ", index, " among ", dataset_->size());
  }
}

int64_t Subset::get(int64_t i, Generator& generator, float* out) const {
  check(i >= 0 && i < size(), "Subset: no sample ", i, " among ", size());
  return dataset_->get(indices_[i], generator, out);
}

void Subset::get_target(int64_t i, Generator& generator, float* out) const {
  dataset_->get_target(indices_[i], generator, out);
}

std::pair<DatasetPtr, DatasetPtr> random_split(const DatasetPtr& dataset, int64_t count, uint64_t seed) {
  check(dataset != nullptr, "random_split: no dataset");
  check(count >= 0 && count <= dataset->size(), "random_split: cannot take ", count, " of ", dataset->size(),
        " samples");
  const auto order = RandomStream(seed, 0).permutation(dataset->size());
  const auto middle = order.begin() + count;
  return {std::make_shared<Subset>(dataset, std::vector<int64_t>(order.begin(), middle)),
          std::make_shared<Subset>(dataset, std::vector<int64_t>(middle, order.end()))};
}

int64_t detail::split_count(int64_t samples, double fraction) {
  check(fraction >= 0 && fraction <= 1, "random_split: fraction is ", fraction, ", expected 0 to 1");
  return std::llround(static_cast<double>(samples) * fraction);
}

}  // namespace tinynn::data
