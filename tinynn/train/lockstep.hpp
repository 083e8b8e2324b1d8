// Lockstep: functions that meet in their middle, as the shards of a batch do where batch normalisation is of
// the whole batch.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

namespace tinynn::train {

/// One function runs at a time, each on a thread of its own, for it is left in its middle.
class Lockstep {
 public:
  /// The functions are run(0) to run(count - 1).
  Lockstep(int64_t count, std::function<void(int64_t k)> run);
  /// Ends those that wait: their wait() throws.
  ~Lockstep();
  Lockstep(const Lockstep&) = delete;
  Lockstep& operator=(const Lockstep&) = delete;

  /// Lets each that is not over run until it waits or ends, in the order of their numbers. Throws what the
  /// first that failed threw, after which nothing but the destructor is to be called.
  void go_on();
  bool is_over(int64_t k) const { return parts_[static_cast<size_t>(k)]->is_over; }
  /// Called by function k: returns at the next go_on().
  void wait(int64_t k);

 private:
  struct Part {
    std::binary_semaphore turn{0}, done{0};
    bool is_over = false;
    std::exception_ptr failure;
    std::thread thread;
  };
  void resume(Part& part);

  std::vector<std::unique_ptr<Part>> parts_;
  std::function<void(int64_t)> run_;
  bool ends_ = false;
};

}  // namespace tinynn::train
