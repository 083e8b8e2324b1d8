#include "tests/fuzz/allocations.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>

#include <malloc.h>

namespace {

std::atomic<int64_t> used{0}, peak{0}, largest{0}, at_first{0};

void raise(std::atomic<int64_t>& to, int64_t value) {
  int64_t before = to.load(std::memory_order_relaxed);
  while (before < value && !to.compare_exchange_weak(before, value, std::memory_order_relaxed)) {
  }
}

void asked_for(std::size_t bytes) { raise(largest, static_cast<int64_t>(std::min(bytes, SIZE_MAX / 2))); }
void given(std::size_t bytes) {
  raise(peak, used.fetch_add(static_cast<int64_t>(bytes)) + static_cast<int64_t>(bytes));
}
void taken_back(std::size_t bytes) { used.fetch_sub(static_cast<int64_t>(bytes)); }

}  // namespace

void fuzz::watch_memory() {
  at_first = used.load();
  peak = used.load();
  largest = 0;
}

std::size_t fuzz::peak_memory() {
  return static_cast<std::size_t>(std::max(largest.load(), peak.load() - at_first.load()));
}

#if defined(__has_feature)  // clang's way to tell
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TINYNN_TEST_HOOKS
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(TINYNN_TEST_HOOKS)
// A sanitizer has functions of its own for all of them, and calls a hook.
extern "C" {
int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, std::size_t),
                                              void (*)(const volatile void*));
std::size_t __sanitizer_get_allocated_size(const volatile void*);
}
namespace {
const int installed = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t bytes) { asked_for(bytes), given(bytes); },
    [](const volatile void* memory) { taken_back(__sanitizer_get_allocated_size(memory)); });
}  // namespace
#else
// In front of the C library's own, which operator new calls, too.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void __libc_free(void* memory);
}
namespace {
void* noted(std::size_t bytes, void* memory) {
  asked_for(bytes);
  if (memory != nullptr) given(malloc_usable_size(memory));
  return memory;
}
}  // namespace
extern "C" {
void* malloc(std::size_t bytes) { return noted(bytes, __libc_malloc(bytes)); }
void* calloc(std::size_t count, std::size_t bytes) {
  return noted(count * bytes, __libc_calloc(count, bytes));
}
void* realloc(void* memory, std::size_t bytes) {
  const std::size_t before = malloc_usable_size(memory);
  void* const moved = __libc_realloc(memory, bytes);
  if (moved != nullptr || bytes == 0) taken_back(before);
  return noted(bytes, moved);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
  return noted(bytes, __libc_memalign(alignment, bytes));
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) { return memalign(alignment, bytes); }
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
  *memory = memalign(alignment, bytes);
  return *memory == nullptr ? 12 : 0;  // ENOMEM
}
void free(void* memory) {
  taken_back(malloc_usable_size(memory));
  __libc_free(memory);
}
}
#endif
