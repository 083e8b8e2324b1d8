#include "tests/fuzz/allocations.hpp"

#include <atomic>
#include <cstdlib>

namespace {

std::atomic<std::size_t> largest{0};

void note(std::size_t bytes) {
  std::size_t before = largest.load(std::memory_order_relaxed);
  while (before < bytes && !largest.compare_exchange_weak(before, bytes, std::memory_order_relaxed)) {
  }
}

}  // namespace

std::size_t fuzz::take_largest_allocation() { return largest.exchange(0); }

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// A sanitizer has functions of its own for all of them, and calls a hook.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, std::size_t),
                                                         void (*)(const volatile void*));
namespace {
const int installed = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t bytes) { note(bytes); }, [](const volatile void*) {});
}  // namespace
#else
// In front of the C library's own, which operator new calls, too.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);

void* malloc(std::size_t bytes) { return note(bytes), __libc_malloc(bytes); }
void* calloc(std::size_t count, std::size_t bytes) {
  return note(count * bytes), __libc_calloc(count, bytes);
}
void* realloc(void* memory, std::size_t bytes) { return note(bytes), __libc_realloc(memory, bytes); }
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return note(bytes), __libc_memalign(alignment, bytes);
}
}
#endif
