// parallel_for: the only place in tinynn that knows about threads. Work is cut into chunks whose size the
// caller fixes from the sizes of the data alone; threads only decide where a chunk runs. A result that
// combines its parts in chunk order is therefore the same, bit for bit, with any number of threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace tinynn {

/// Threads to use from now on, at least 1. The default is the number of cores this process may run on.
void set_num_threads(int64_t count);
int64_t num_threads();
/// How many of them a parallel_for would have here: one inside of another.
int64_t free_threads();

namespace detail {
/// How many times this process was forked off another. Threads do not survive a fork:
/// what has some begins anew when this has changed.
int64_t fork_count();
void run_chunks(int64_t chunks, void (*run)(void* context, int64_t chunk), void* context);
}  // namespace detail

/// Calls f(chunk) for every chunk in [0, chunks), on several threads. Inside another parallel_for it runs on
/// the calling thread. The first exception (in chunk order) is rethrown when all chunks have ended.
template <class F>
void parallel_chunks(int64_t chunks, F&& f) {
  using Function = std::remove_reference_t<F>;
  detail::run_chunks(
      chunks, [](void* context, int64_t chunk) { (*static_cast<Function*>(context))(chunk); },
      const_cast<std::remove_const_t<Function>*>(&f));
}

/// Calls f(begin, end) on consecutive pieces of [0, count), each `grain` long (the last may be shorter).
template <class F>
void parallel_for(int64_t count, int64_t grain, F&& f) {
  parallel_chunks((count + grain - 1) / grain,
                  [&](int64_t chunk) { f(chunk * grain, std::min(count, (chunk + 1) * grain)); });
}

}  // namespace tinynn
