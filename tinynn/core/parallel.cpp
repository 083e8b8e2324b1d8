#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace tinynn {
namespace {

int64_t available_cores() {
#ifdef _OPENMP
  return std::max(1, omp_get_num_procs());
#else
  return std::max(1U, std::thread::hardware_concurrency());
#endif
}

std::atomic<int64_t>& thread_setting() {
  static std::atomic<int64_t> count{available_cores()};
  return count;
}

thread_local bool inside_parallel = false;

// Remembers the exception of the lowest chunk that threw, so that the error does not depend on timing.
class FirstException {
 public:
  explicit FirstException(int64_t chunks) : exceptions_(static_cast<size_t>(chunks)) {}
  void capture(int64_t chunk) noexcept {
    exceptions_[static_cast<size_t>(chunk)] = std::current_exception();
    any_ = true;
  }
  void rethrow() const {
    if (!any_) return;
    for (const auto& exception : exceptions_) {
      if (exception) std::rethrow_exception(exception);
    }
  }

 private:
  std::vector<std::exception_ptr> exceptions_;
  std::atomic<bool> any_ = false;
};

}  // namespace

void set_num_threads(int64_t count) {
  check(count >= 1 && count <= 1024, "set_num_threads: ", count, " threads, expected 1 to 1024");
  thread_setting() = count;
}

int64_t num_threads() { return thread_setting(); }

void detail::run_chunks(int64_t chunks, void (*run)(void*, int64_t), void* context) {
  const int64_t threads = std::min(num_threads(), chunks);
  if (threads <= 1 || inside_parallel) {
    for (int64_t chunk = 0; chunk < chunks; ++chunk) run(context, chunk);
    return;
  }
  FirstException failed(chunks);
  std::atomic<int64_t> next = 0;
  auto work = [&] {
    inside_parallel = true;
    for (int64_t chunk = next++; chunk < chunks; chunk = next++) {
      try {
        run(context, chunk);
      } catch (...) {
        failed.capture(chunk);
      }
    }
    inside_parallel = false;
  };
#ifdef _OPENMP
#pragma omp parallel num_threads(static_cast <int>(threads))
  work();
#else
  {
    std::vector<std::jthread> helpers;
    for (int64_t i = 1; i < threads; ++i) helpers.emplace_back(work);
    work();
  }
#endif
  failed.rethrow();
}

}  // namespace tinynn
