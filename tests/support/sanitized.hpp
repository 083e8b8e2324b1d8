// Under a sanitizer everything takes ten times as long: what is tried on many networks is then tried on
// fewer.
#pragma once

#include <cstdint>

namespace test {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TINYNN_TEST_IS_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(TINYNN_TEST_IS_SANITIZED)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = false;
#endif

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TINYNN_TEST_IS_THREAD_SANITIZED
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(TINYNN_TEST_IS_THREAD_SANITIZED)
inline constexpr bool is_thread_sanitized = true;  // and does not follow threads into a forked process
#else
inline constexpr bool is_thread_sanitized = false;
#endif

constexpr int64_t fewer(int64_t count) { return is_sanitized ? (count + 3) / 4 : count; }

}  // namespace test
