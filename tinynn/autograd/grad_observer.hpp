// GradObserver: tells during backward() whose gradient is complete, so that it can be sent while others are
// still computed.
#pragma once

#include <functional>
#include <vector>

#include <tinynn/core/tensor.hpp>

namespace tinynn::autograd {

/// While one lives, every backward() on this thread calls begin(), before anything is computed, and then
/// complete(k) as soon as no operation that is left can add to the gradient of leaves[k]: once for each, in
/// the order in which that happens; those that nothing reaches come last.
class GradObserver {
 public:
  GradObserver(std::vector<Tensor> leaves, std::function<void()> begin,
               std::function<void(size_t k)> complete);
  ~GradObserver();
  GradObserver(const GradObserver&) = delete;
  GradObserver& operator=(const GradObserver&) = delete;
  const std::vector<Tensor> leaves;
  const std::function<void()> begin;
  const std::function<void(size_t k)> complete;

 private:
  GradObserver* before_;
};

}  // namespace tinynn::autograd
