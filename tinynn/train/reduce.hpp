// Reduce: the processes that share a training. Each computes its shards of every batch; what is decided is
// decided by all from the same sums.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include <tinynn/core/error.hpp>

namespace tinynn::train {

/// The one here is of a single process; distributed::Group is of many. All processes have to make the same
/// calls in the same order, whatever data they have.
class Reduce {
 public:
  virtual ~Reduce() = default;
  /// Which of the processes this is, from 0.
  virtual int64_t rank() const { return 0; }
  /// How many there are.
  virtual int64_t ranks() const { return 1; }
  /// Sums over all ranks, element by element, along the binary tree whose leaves are the ranks in order:
  /// afterwards all have the same bits. As many elements on every rank.
  virtual void sum(std::span<float> /*values*/) {}
  virtual void sum(std::span<double> /*values*/) {}
  /// A sum that goes on while this process computes.
  class Sum {
   public:
    Sum() = default;
    virtual ~Sum() = default;
    Sum(const Sum&) = delete;
    Sum& operator=(const Sum&) = delete;
    /// Does what can be done without waiting for others; to be called now and then.
    virtual void go_on() {}
    /// Waits for the end.
    virtual void finish() {}
  };
  /// Begins sum(values), which have to stay where they are until its end. All ranks begin their sums in the
  /// same order. The one here is through at once.
  virtual std::unique_ptr<Sum> begin_sum(std::span<float> values) {
    sum(values);
    return std::make_unique<Sum>();
  }
  /// The text of the first rank whose text is not empty.
  virtual std::string first_of(const std::string& text) { return text; }
  /// Throws AgreedError, with message(k), unless all ranks give the same whole numbers, each below 2^32: k is
  /// the first place where they differ.
  void require_alike(std::span<const double> numbers, const std::function<std::string(size_t k)>& message);

  /// Asks all ranks to end; that ends() is then true on all of them from the same step on.
  void ask_to_end() { asked_ = true; }
  bool ends() const { return ends_; }

 private:
  friend class Shards;
  bool asked_ = false, ends_ = false;
};

/// What all ranks have thrown.
struct AgreedError : Error {
  using Error::Error;
};

}  // namespace tinynn::train
