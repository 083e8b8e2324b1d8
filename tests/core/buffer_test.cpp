#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/buffer.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/tensor.hpp>

using namespace tinynn;

TEST_CASE("core. buffers are aligned to 64 bytes, whatever their size") {
  std::vector<Buffer> buffers;
  for (int64_t count : {0, 1, 2, 15, 16, 17, 100, 1000, 4097, 100003}) {
    buffers.emplace_back(count);
    const auto address = reinterpret_cast<uintptr_t>(buffers.back().data());
    CHECK(address % Buffer::alignment == 0);
    for (int64_t i = 0; i < count; ++i) buffers.back().data()[i] = 1;  // all of it can be written
  }
}

TEST_CASE("core. after the first round a loop asks for no memory") {
  auto round = [] {
    std::vector<Tensor> tensors;
    for (int64_t size : {10, 100, 1000, 50, 10}) tensors.push_back(ones({size, 3}));
  };
  round();
  const int64_t before = memory_stats().allocations;
  for (int i = 0; i < 20; ++i) round();
  CHECK(memory_stats().allocations == before);
}

TEST_CASE("core. batches of nearly equal size share buffers") {
  { const Buffer first(10000); }
  const int64_t before = memory_stats().allocations;
  for (int64_t count = 9800; count < 10000; ++count) const Buffer next(count);
  CHECK(memory_stats().allocations == before);
}

TEST_CASE("core. memory statistics add up") {
  const MemoryStats start = memory_stats();
  reset_peak_memory();
  {
    const Buffer large(1 << 18);
    const MemoryStats now = memory_stats();
    CHECK(now.bytes_in_use - start.bytes_in_use == 4 << 18);
    CHECK(now.peak_bytes == now.bytes_in_use);
  }
  const MemoryStats end = memory_stats();
  CHECK(end.bytes_in_use == start.bytes_in_use);
  CHECK(end.peak_bytes == start.bytes_in_use + (4 << 18));
  CHECK(end.bytes_cached >= 4 << 18);
  {
    const Buffer again(1 << 18);  // out of the freed ones
    CHECK(memory_stats().bytes_cached == end.bytes_cached - (4 << 18));
  }
  {
    const Buffer small(1 << 10);
    CHECK(memory_stats().peak_bytes == end.peak_bytes);
  }
  reset_peak_memory();
  CHECK(memory_stats().peak_bytes == start.bytes_in_use);

  release_cached_memory();
  CHECK(memory_stats().bytes_cached == 0);
  CHECK(memory_stats().bytes_in_use == start.bytes_in_use);
}

TEST_CASE("core. a buffer wastes at most an eighth") {
  for (int64_t count = 1000; count < 100000; count += 777) {
    const int64_t before = memory_stats().bytes_in_use;
    const Buffer buffer(count);
    const int64_t bytes = memory_stats().bytes_in_use - before;
    CHECK(bytes >= count * 4);
    CHECK(bytes * 8 <= count * 4 * 9);
  }
}

TEST_CASE("core. a buffer knows whether it is shared") {
  const Buffer buffer(4);
  CHECK(buffer.unique());
  {
    const Buffer other = buffer;
    CHECK(!buffer.unique());
    CHECK(other.data() == buffer.data());
  }
  CHECK(buffer.unique());
  CHECK(Buffer().data() == nullptr);
}

TEST_CASE("core. buffers come and go on several threads") {
  const int64_t before = memory_stats().bytes_in_use;
  parallel_for(400, 1, [](int64_t i, int64_t) {
    const Buffer buffer(i % 37 * 16);
    for (int64_t k = 0; k < i % 37 * 16; ++k) buffer.data()[k] = static_cast<float>(i);
  });
  CHECK(memory_stats().bytes_in_use == before);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they end the program instead
TEST_CASE("core. too large a tensor is an error that can be caught") {
  CHECK_THROWS_AS(Tensor(Shape{int64_t{1} << 30, int64_t{1} << 29}), Error);
}
#endif
