// on_small_stack: runs something on a thread with a stack of 256 KiB, where recursion over a long graph would
// crash at once.
#pragma once

#include <exception>
#include <functional>

#include <doctest/doctest.h>
#include <pthread.h>

namespace test {

inline void on_small_stack(std::function<void()> work) {
  struct Job {
    std::function<void()> work;
    std::exception_ptr error;
  } job{std::move(work), nullptr};

  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstacksize(&attributes, 256 * 1024) == 0);
  pthread_t thread{};
  auto run = [](void* context) -> void* {
    auto& mine = *static_cast<Job*>(context);
    try {
      mine.work();
    } catch (...) {
      mine.error = std::current_exception();
    }
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &attributes, run, &job) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace test
