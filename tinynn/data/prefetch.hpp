// Prefetch: calls make(0), make(1), ... make(count - 1) on a thread of its own, one ahead of the thread
// that takes the results. The next result is begun only when the last one was taken, so at most one is
// waiting.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <variant>

namespace tinynn::data {

template <class T>
class Prefetch {
 public:
  Prefetch(int64_t count, std::function<T(int64_t)> make)
      : make_(std::move(make)), thread_([this, count](std::stop_token stop) { run(stop, count); }) {}

  /// The next result, waiting for it if need be; throws what its make() threw. To be called at most `count`
  /// times.
  T next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !empty(); });
    Slot slot = std::exchange(slot_, Slot());
    lock.unlock();
    changed_.notify_all();
    if (auto* error = std::get_if<std::exception_ptr>(&slot)) std::rethrow_exception(*error);
    return std::get<T>(std::move(slot));
  }

 private:
  using Slot = std::variant<std::monostate, T, std::exception_ptr>;

  bool empty() const { return std::holds_alternative<std::monostate>(slot_); }

  void run(const std::stop_token& stop, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [&] { return empty(); })) return;
      lock.unlock();
      Slot made = attempt(i);
      lock.lock();
      slot_ = std::move(made);
      lock.unlock();
      changed_.notify_all();
    }
  }

  Slot attempt(int64_t i) const {
    try {
      return make_(i);
    } catch (...) {
      return std::current_exception();
    }
  }

  std::function<T(int64_t)> make_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  Slot slot_;
  std::jthread thread_;  // last, so that it starts after and is stopped and joined before all the others
};

}  // namespace tinynn::data
