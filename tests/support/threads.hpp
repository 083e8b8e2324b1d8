// Threads: set_num_threads for one scope.
#pragma once

#include <tinynn/core/parallel.hpp>

namespace test {

class Threads {
 public:
  explicit Threads(int64_t count) : before_(tinynn::num_threads()) { tinynn::set_num_threads(count); }
  ~Threads() { tinynn::set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int64_t before_;
};

/// What `compute` returns when it may use that many threads.
template <class F>
auto with_threads(int64_t count, F&& compute) {
  const Threads threads(count);
  return compute();
}

}  // namespace test
