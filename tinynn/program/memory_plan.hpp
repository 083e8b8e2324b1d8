// MemoryPlan: where the values of a plan lie while it runs. Values that are not needed at the same time share
// memory.
#pragma once

#include <vector>

#include <tinynn/program/instructions.hpp>

namespace tinynn::deploy {

/// From the step that makes a value to the last one that reads it.
struct Lifetime {
  int64_t begin, end;
};

/// When the values of a plan are needed. One that is another in a new shape is where that is.
struct Lifetimes {
  explicit Lifetimes(const Plan& plan);

  std::vector<int> same;            // by value: the first that it is only a new shape of
  std::vector<int64_t> made, used;  // by such a first value: by which step (-1: none), and last for which
};

/// Pieces of memory: each gets the lowest that is free while it is needed.
class Packing {
 public:
  int64_t reserve(Lifetime needed, int64_t size);
  int64_t size() const { return size_; }

 private:
  struct Taken {
    Lifetime when;
    int64_t begin, end;
  };
  std::vector<Taken> taken_;
  int64_t size_ = 0;
};

/// Floats of memory for so many: kernels read whole vectors, a little beyond the last.
int64_t padded(int64_t floats);
/// Floats that a value takes, or as much memory.
int64_t floats_of(const Plan& plan, int value);

class MemoryPlan {
 public:
  /// Steps from `block_begin` on take a whole block of samples, those before it one sample at a time, with
  /// these of the values by pixels.
  MemoryPlan(const Plan& plan, size_t block_begin, const std::vector<bool>& by_pixels);

  Slot slot(int value, Order order) const { return slots(order)[value]; }
  const std::vector<Slot>& slots(Order order) const {
    return order == Order::sample ? of_sample_ : of_block_;
  }
  /// The values that the steps of blocks find there, made by those of samples or put in: they have two
  /// slots.
  const std::vector<int>& crossing() const { return crossing_; }
  int64_t size() const { return packing_.size(); }  // floats

 private:
  Packing packing_;
  std::vector<Slot> of_sample_, of_block_;
  std::vector<int> crossing_;
};

}  // namespace tinynn::deploy
