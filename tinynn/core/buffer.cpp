#include <algorithm>
#include <bit>
#include <map>
#include <mutex>
#include <new>
#include <vector>

#include <pthread.h>

#include <tinynn/core/buffer.hpp>
#include <tinynn/core/error.hpp>

namespace tinynn {
namespace {

// Sizes are rounded up to one of eight steps per power of two, so that batches of nearly equal size
// share buffers and at most an eighth is wasted.
size_t size_class(size_t bytes) {
  const auto alignment = static_cast<size_t>(Buffer::alignment);
  const size_t step = std::max(alignment, std::bit_floor(std::max<size_t>(bytes, 1)) / 8);
  return (std::max<size_t>(bytes, 1) + step - 1) / step * step;
}

class Pool {
 public:
  float* take(size_t bytes) {
    const std::scoped_lock lock(mutex_);
    void* memory = nullptr;
    auto& free = free_[bytes];
    if (free.empty()) {
      memory = ::operator new (bytes, std::align_val_t{Buffer::alignment}, std::nothrow);
      check(memory != nullptr, "out of memory: no ", bytes, " bytes for a tensor");
      ++stats_.allocations;
    } else {
      memory = free.back();
      free.pop_back();
      stats_.bytes_cached -= static_cast<int64_t>(bytes);
    }
    stats_.bytes_in_use += static_cast<int64_t>(bytes);
    stats_.peak_bytes = std::max(stats_.peak_bytes, stats_.bytes_in_use);
    return static_cast<float*>(memory);
  }

  void give_back(float* memory, size_t bytes) noexcept {
    const std::scoped_lock lock(mutex_);
    stats_.bytes_in_use -= static_cast<int64_t>(bytes);
    try {
      free_[bytes].push_back(memory);
      stats_.bytes_cached += static_cast<int64_t>(bytes);
    } catch (const std::bad_alloc&) {
      ::operator delete (memory, std::align_val_t{Buffer::alignment});
    }
  }

  void release() {
    const std::scoped_lock lock(mutex_);
    for (auto& [bytes, memories] : free_) {
      for (void* memory : memories) ::operator delete (memory, std::align_val_t{Buffer::alignment});
    }
    free_.clear();
    stats_.bytes_cached = 0;
  }

  MemoryStats stats() {
    const std::scoped_lock lock(mutex_);
    return stats_;
  }

  void reset_peak() {
    const std::scoped_lock lock(mutex_);
    stats_.peak_bytes = stats_.bytes_in_use;
  }

  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
  std::map<size_t, std::vector<void*>> free_;  // by size class
  MemoryStats stats_;
};

// Never destroyed: tensors with static lifetime give their memory back after main() has ended. Never forked
// while another thread changes it.
Pool& pool() {
  static Pool* const instance = [] {
    pthread_atfork([] { pool().lock(); }, [] { pool().unlock(); }, [] { pool().unlock(); });
    return new Pool;
  }();
  return *instance;
}

}  // namespace

Buffer::Buffer(int64_t count) {
  const size_t bytes = size_class(static_cast<size_t>(count) * sizeof(float));
  data_ =
      std::shared_ptr<float>(pool().take(bytes), [bytes](float* memory) { pool().give_back(memory, bytes); });
}

Buffer Buffer::zeros(int64_t count) {
  Buffer buffer(count);
  std::fill_n(buffer.data(), count, 0.0F);
  return buffer;
}

MemoryStats memory_stats() { return pool().stats(); }
void reset_peak_memory() { pool().reset_peak(); }
void release_cached_memory() { pool().release(); }

}  // namespace tinynn
