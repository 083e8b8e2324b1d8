// Targets: what a batch is compared with: labels, or a tensor with one row a sample. A function that takes
// Labels or a Tensor takes Targets as well, and says so when they are of the other kind.
#pragma once

#include <optional>
#include <utility>

#include <tinynn/core/error.hpp>
#include <tinynn/core/labels.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn {

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
