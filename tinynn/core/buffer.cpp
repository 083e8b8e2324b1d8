#include <algorithm>
#include <bit>
#include <map>
#include <mutex>
#include <new>
#include <vector>

#include <tinynn/core/buffer.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/fork.hpp>

namespace tinynn {
namespace {

// Sizes are rounded up to one of eight steps per power of two, so that batches of nearly equal size
// share buffers and at most an eighth is wasted.
size_t size_class(size_t bytes) {
  const auto alignment = static_cast<size_t>(Buffer::alignment);
  const size_t step = std::max(alignment, std::bit_floor(std::max<size_t>(bytes, 1)) / 8);
  return (std::max<size_t>(bytes, 1) + step - 1) / step * step;
}

std::mutex pool_mutex;
const detail::HeldWhileForking<pool_mutex> pool_at_fork;

struct Pool {
  std::map<size_t, std::vector<void*>> free;  // by size class
  MemoryStats stats;
};

// Never destroyed: tensors with static lifetime give their memory back after main() has ended.
Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}
const detail::MadeBeforeMain pool_is_made(pool);

float* take(size_t bytes) {
  const std::scoped_lock lock(pool_mutex);
  auto& [free, stats] = pool();
  void* memory = nullptr;
  auto& of_size = free[bytes];
  if (of_size.empty()) {
    memory = ::operator new (bytes, std::align_val_t{Buffer::alignment}, std::nothrow);
    check(memory != nullptr, "out of memory: no ", bytes, " bytes for a tensor");
    ++stats.allocations;
  } else {
    memory = of_size.back();
    of_size.pop_back();
    stats.bytes_cached -= static_cast<int64_t>(bytes);
  }
  stats.bytes_in_use += static_cast<int64_t>(bytes);
  stats.peak_bytes = std::max(stats.peak_bytes, stats.bytes_in_use);
  return static_cast<float*>(memory);
}

void give_back(float* memory, size_t bytes) noexcept {
  const std::scoped_lock lock(pool_mutex);
  auto& [free, stats] = pool();
  stats.bytes_in_use -= static_cast<int64_t>(bytes);
  try {
    free[bytes].push_back(memory);
    stats.bytes_cached += static_cast<int64_t>(bytes);
  } catch (const std::bad_alloc&) {
    ::operator delete (memory, std::align_val_t{Buffer::alignment});
  }
}

}  // namespace

Buffer::Buffer(int64_t count) {
  const size_t bytes = size_class(static_cast<size_t>(count) * sizeof(float));
  data_ = std::shared_ptr<float>(take(bytes), [bytes](float* memory) { give_back(memory, bytes); });
}

Buffer Buffer::zeros(int64_t count) {
  Buffer buffer(count);
  std::fill_n(buffer.data(), count, 0.0F);
  return buffer;
}

MemoryStats memory_stats() {
  const std::scoped_lock lock(pool_mutex);
  return pool().stats;
}

void reset_peak_memory() {
  const std::scoped_lock lock(pool_mutex);
  pool().stats.peak_bytes = pool().stats.bytes_in_use;
}

void release_cached_memory() {
  const std::scoped_lock lock(pool_mutex);
  auto& [free, stats] = pool();
  for (auto& [bytes, memories] : free) {
    for (void* memory : memories) ::operator delete (memory, std::align_val_t{Buffer::alignment});
  }
  free.clear();
  stats.bytes_cached = 0;
}

}  // namespace tinynn
