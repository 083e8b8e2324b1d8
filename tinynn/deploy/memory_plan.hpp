// MemoryPlan: where the values of a plan lie while it runs. Values that are not needed at the same time share
// memory.
#pragma once

#include <vector>

#include <tinynn/deploy/commands.hpp>

namespace tinynn::deploy {

class MemoryPlan {
 public:
  /// Steps from `block_begin` on take a whole block of samples, those before it one sample at a time.
  MemoryPlan(const Plan& plan, size_t block_begin);

  Place place(int value, Order order) const { return places(order)[static_cast<size_t>(value)]; }
  const std::vector<Place>& places(Order order) const {
    return order == Order::sample ? of_sample_ : of_block_;
  }
  /// The values that the steps of blocks find there, made by those of samples or put in: they have two
  /// places.
  const std::vector<int>& crossing() const { return crossing_; }
  int64_t size() const { return size_; }  // floats

 private:
  struct Lifetime {
    int64_t begin, end;  // steps
  };
  Place allocate(Lifetime needed, int64_t floats, int64_t of_each_sample);

  struct Taken {
    Lifetime when;
    int64_t begin, end;
  };
  std::vector<Taken> taken_;
  std::vector<Place> of_sample_, of_block_;
  std::vector<int> crossing_;
  int64_t size_ = 0;
};

}  // namespace tinynn::deploy
