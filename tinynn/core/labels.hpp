// Labels: class numbers of a batch, a shared handle on int64 values. What cross_entropy takes as target and
// argmax returns.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace tinynn {

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

}  // namespace tinynn
