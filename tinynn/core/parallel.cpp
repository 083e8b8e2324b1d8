// The body of parallel_for: a small pool of threads of our own. OpenMP was here first, but its threads burn
// whole time slices while they wait for each other: as soon as anything else wants a core (another program,
// or just the thread that prepares the next batch) an epoch took ten times as long. Threads that are late
// must not be waited for either: a thread that has not joined a job when its last chunk is taken is left out.
#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include <sched.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/fork.hpp>
#include <tinynn/core/parallel.hpp>

namespace tinynn {
namespace {

int64_t available_cores() {
#ifdef __linux__
  cpu_set_t allowed;  // what taskset or a container leaves us
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return std::max(1, CPU_COUNT(&allowed));
#endif
  return std::max(1U, std::thread::hardware_concurrency());
}

std::atomic<int64_t>& thread_setting() {
  static std::atomic<int64_t> count{available_cores()};
  return count;
}

const detail::MadeBeforeMain setting_is_made(thread_setting);

thread_local bool inside_parallel = false;

// One parallel_for. Each thread has a range of the chunks to begin with, the same one job for job, so that it
// finds in its cache what it wrote in the last one; then it helps out in the others' ranges.
class Job {
 public:
  Job(int64_t chunks, int64_t threads, void (*run)(void*, int64_t), void* context)
      : run_(run), context_(context), ranges_(std::min(threads, most_ranges)) {
    for (int64_t i = 0; i < ranges_; ++i) {
      range_[i].next = chunks * i / ranges_;
      range_[i].end = chunks * (i + 1) / ranges_;
    }
  }

  // For thread number `thread`, the calling one being 0.
  void work(int64_t thread) {
    inside_parallel = true;
    for (int64_t i = 0; i < ranges_; ++i) {
      Range& range = range_[(thread + i) % ranges_];
      for (int64_t chunk = range.next++; chunk < range.end; chunk = range.next++) run_one(chunk);
    }
    inside_parallel = false;
  }

  void rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  static constexpr int64_t most_ranges = 16;
  struct alignas(64) Range {
    std::atomic<int64_t> next;
    int64_t end;
  };

  void run_one(int64_t chunk) {
    try {
      run_(context_, chunk);
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      if (exception_ && failed_chunk_ < chunk) return;
      exception_ = std::current_exception();
      failed_chunk_ = chunk;
    }
  }

  void (*const run_)(void*, int64_t);
  void* const context_;
  const int64_t ranges_;
  std::array<Range, most_ranges> range_;
  std::mutex mutex_;
  std::exception_ptr exception_;  // of the lowest chunk, so that the error does not depend on timing
  int64_t failed_chunk_ = 0;
};

// Its threads are never waited for: they sleep, or compute for nobody, while the process ends.
class ThreadPool {
 public:
  explicit ThreadPool(ThreadPool* before) : before_(before) {}

  // Works on the job with up to `threads` threads, the calling one included. False if the pool is taken.
  bool run(Job& job, int64_t threads) {
    const std::unique_lock busy(busy_, std::try_to_lock);
    if (!busy) return false;
    try {
      for (; workers_ < threads - 1; ++workers_)
        std::thread([this, number = workers_ + 1] { serve(number); }).detach();
    } catch (const std::system_error&) {
      // No more threads to be had, as in a small container: those that are here do the work.
    }
    {
      const std::scoped_lock lock(mutex_);
      job_ = &job;
      places_ = threads - 1;
      ++jobs_;
    }
    wake_.notify_all();
    job.work(0);
    {
      const std::scoped_lock lock(mutex_);
      job_ = nullptr;  // no thread joins from here on
    }
    await([this] { return active_ == 0; });
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return active_ == 0; });
    return true;
  }

 private:
  // What is waited for often comes within a millisecond, and to sleep and wake up takes as long as a small
  // job: looks for it for a while, and lets others have the core meanwhile.
  template <class F>
  static void await(F has_come) {
    for (int i = 0; i < 2000 && !has_come(); ++i) std::this_thread::yield();
  }

  void serve(int64_t number) {
    uint64_t seen = 0;
    while (true) {
      await([&] { return jobs_ != seen; });
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return jobs_ != seen; });
      seen = jobs_;
      if (job_ == nullptr || places_ == 0) continue;
      Job& job = *job_;
      --places_;
      ++active_;
      lock.unlock();
      job.work(number);
      lock.lock();
      if (--active_ == 0) done_.notify_one();
    }
  }

  [[maybe_unused]] ThreadPool* const before_;  // the parent's, which is of no use here, but no leak either
  std::mutex busy_;                            // held by the thread whose job this is
  int64_t workers_ = 0;
  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_, done_;
  Job* job_ = nullptr;
  int64_t places_ = 0;               // threads that may still join the job
  std::atomic<int64_t> active_ = 0;  // threads that work on it
  std::atomic<uint64_t> jobs_ = 0;   // since the start
};

std::atomic<ThreadPool*> current_pool = nullptr, pool_of_parent = nullptr;
std::atomic<int64_t> forks = 0;

// A forked process has the memory of its parent's pool, and none of its threads.
void begin_anew() {
  ++forks;
  if (ThreadPool* const useless = current_pool.exchange(nullptr)) pool_of_parent = useless;
}

const detail::MadeBeforeMain handler_of_forks([] { pthread_atfork(nullptr, nullptr, begin_anew); });

ThreadPool& thread_pool() {
  if (ThreadPool* const there = current_pool) return *there;
  auto made = std::make_unique<ThreadPool>(pool_of_parent);
  ThreadPool* other = nullptr;
  if (current_pool.compare_exchange_strong(other, made.get())) return *made.release();
  return *other;
}

}  // namespace

void set_num_threads(int64_t count) {
  check(count >= 1 && count <= 1024, "set_num_threads: ", count, " threads, expected 1 to 1024");
  thread_setting() = count;
}

int64_t num_threads() { return thread_setting(); }

int64_t detail::fork_count() { return forks; }

int64_t free_threads() { return inside_parallel ? 1 : num_threads(); }

void detail::run_chunks(int64_t chunks, void (*run)(void*, int64_t), void* context) {
  const int64_t threads = std::min(free_threads(), chunks);
  if (threads > 1) {
    Job job(chunks, threads, run, context);
    if (!thread_pool().run(job, threads)) job.work(0);  // another thread's job has the pool: do it alone
    return job.rethrow();
  }
  for (int64_t chunk = 0; chunk < chunks; ++chunk) run(context, chunk);
}

}  // namespace tinynn
