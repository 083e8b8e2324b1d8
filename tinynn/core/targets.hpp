// Targets: what a batch is compared with: labels, or a tensor with one row a sample. A function that takes
// Labels or a Tensor takes Targets as well, and says so when they are of the other kind.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <tinynn/core/error.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn {

/// Class numbers of a batch, a shared handle on int64 values. What cross_entropy takes as target and argmax
/// returns.
class Labels {
 public:
  Labels() : Labels(std::vector<int64_t>{}) {}
  explicit Labels(std::vector<int64_t> values)
      : values_(std::make_shared<const std::vector<int64_t>>(std::move(values))) {}

  int64_t size() const { return static_cast<int64_t>(values_->size()); }
  int64_t operator[](int64_t i) const { return (*values_)[static_cast<size_t>(i)]; }
  auto begin() const { return values_->begin(); }
  auto end() const { return values_->end(); }
  bool operator==(const Labels& other) const { return *values_ == *other.values_; }

 private:
  std::shared_ptr<const std::vector<int64_t>> values_;
};

class Targets {
 public:
  Targets() = default;
  Targets(Labels labels) : labels_(std::move(labels)) {}  // NOLINT: meant to convert
  Targets(Tensor tensor) : tensor_(std::move(tensor)) {}  // NOLINT: meant to convert

  bool are_labels() const { return !tensor_.defined(); }
  /// Of samples.
  int64_t size() const { return are_labels() ? labels_.size() : tensor_.size(0); }
  /// Throws Error if they are a tensor.
  const Labels& labels() const {
    check(are_labels(), "targets: they are a tensor of shape ", are_labels() ? Shape() : tensor_.shape(),
          ", expected labels");
    return labels_;
  }
  /// Throws Error if they are labels.
  const Tensor& tensor() const {
    check(!are_labels(), "targets: they are ", labels_.size(), " labels, expected a tensor");
    return tensor_;
  }
  // As of labels.
  int64_t operator[](int64_t i) const { return labels()[i]; }
  auto begin() const { return labels().begin(); }
  auto end() const { return labels().end(); }
  operator const Labels&() const { return labels(); }  // NOLINT: meant to convert
  operator const Tensor&() const { return tensor(); }  // NOLINT: meant to convert

 private:
  Labels labels_;
  Tensor tensor_;
};

}  // namespace tinynn
