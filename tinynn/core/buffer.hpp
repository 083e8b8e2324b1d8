// Buffer: a shared handle on float32 memory that is aligned to 64 bytes (a cache line, an AVX-512 vector).
// Freed buffers are kept and handed out again, so that after its first steps a training loop asks the
// operating system for nothing. memory_stats() tells what is in use.
#pragma once

#include <cstdint>
#include <memory>

namespace tinynn {

class Buffer {
 public:
  static constexpr int64_t alignment = 64;  // bytes

  Buffer() = default;
  /// Memory for `count` floats, uninitialised. Throws Error when there is not enough.
  explicit Buffer(int64_t count);
  static Buffer zeros(int64_t count);

  float* data() const { return data_.get(); }
  /// True if no other handle shares this memory, so that writing to it changes nothing else.
  bool unique() const { return data_.use_count() == 1; }

 private:
  std::shared_ptr<float> data_;
};

struct MemoryStats {
  int64_t allocations = 0;   // times that memory was asked of the operating system, since the start
  int64_t bytes_in_use = 0;  // in live buffers, now
  int64_t peak_bytes = 0;    // the most that was ever in live buffers, since reset_peak_memory()
  int64_t bytes_cached = 0;  // in freed buffers that are kept for reuse
};

MemoryStats memory_stats();
void reset_peak_memory();
/// Gives freed buffers back to the operating system.
void release_cached_memory();

}  // namespace tinynn
