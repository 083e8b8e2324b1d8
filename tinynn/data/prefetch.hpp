// Prefetch: calls make(0), make(1), ... make(count - 1) on a thread of its own, one ahead of the thread
// that takes the results. The next result is begun only when the last one was taken, so at most one is
// waiting.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <variant>

#include <tinynn/core/parallel.hpp>

namespace tinynn::data {

template <class T>
class Prefetch {
 public:
  Prefetch(int64_t count, std::function<T(int64_t)> make)
      : make_(std::move(make)), ahead_(std::make_unique<Ahead>(*this, count)) {}
  // In a forked process the thread is not there, and nobody knows in which state it left what it shares.
  ~Prefetch() {
    if (is_forked()) static_cast<void>(ahead_.release());
  }
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  /// The next result, waiting for it if need be; throws what its make() threw. To be called at most `count`
  /// times.
  T next() {
    const int64_t i = taken_++;
    if (is_forked()) return make_(i);
    Slot slot = ahead_->take();
    if (auto* error = std::get_if<std::exception_ptr>(&slot)) std::rethrow_exception(*error);
    return std::get<T>(std::move(slot));
  }

 private:
  using Slot = std::variant<std::monostate, T, std::exception_ptr>;

  // The thread, and what it shares.
  class Ahead {
   public:
    Ahead(const Prefetch& owner, int64_t count)
        : thread_([this, &owner, count](std::stop_token stop) { run(owner, stop, count); }) {}

    Slot take() {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !empty(); });
      Slot slot = std::exchange(slot_, Slot());
      lock.unlock();
      changed_.notify_all();
      return slot;
    }

   private:
    bool empty() const { return std::holds_alternative<std::monostate>(slot_); }

    void run(const Prefetch& owner, const std::stop_token& stop, int64_t count) {
      for (int64_t i = 0; i < count; ++i) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait(lock, stop, [&] { return empty(); })) return;
        lock.unlock();
        Slot made = owner.attempt(i);
        lock.lock();
        slot_ = std::move(made);
        lock.unlock();
        changed_.notify_all();
      }
    }

    std::mutex mutex_;
    std::condition_variable_any changed_;
    Slot slot_;
    std::jthread thread_;  // last, so that it starts after and is stopped and joined before all the others
  };

  Slot attempt(int64_t i) const {
    try {
      return make_(i);
    } catch (...) {
      return std::current_exception();
    }
  }
  bool is_forked() const { return forks_ != tinynn::detail::fork_count(); }

  std::function<T(int64_t)> make_;
  int64_t forks_ = tinynn::detail::fork_count(), taken_ = 0;
  std::unique_ptr<Ahead> ahead_;
};

}  // namespace tinynn::data
