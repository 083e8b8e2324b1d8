// fork() copies the thread that calls it and no other: what another one holds at that moment, or is just
// making, stays so in the child for ever. So the library's global mutexes are held by the thread that forks,
// and what a function makes at its first call is made before main(), by a variable of type MadeBeforeMain.
#pragma once

#include <mutex>

#include <pthread.h>

namespace tinynn::detail {

template <std::mutex& mutex>
struct HeldWhileForking {
  HeldWhileForking() {
    pthread_atfork([] { mutex.lock(); }, [] { mutex.unlock(); }, [] { mutex.unlock(); });
  }
};

struct MadeBeforeMain {
  template <class Function>
  explicit MadeBeforeMain(Function first_call) {
    first_call();
  }
};

}  // namespace tinynn::detail
