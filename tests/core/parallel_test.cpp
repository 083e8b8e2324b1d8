#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>

#include "tests/support/threads.hpp"

using namespace tinynn;

TEST_CASE("core. parallel_for covers each index exactly once") {
  for (int64_t threads : {1, 2, 3, 8}) {
    const test::Threads setting(threads);
    for (int64_t count : {0, 1, 6, 7, 8, 1000}) {
      std::vector<int> visits(static_cast<size_t>(count));
      parallel_for(count, 7, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) ++visits[i];
      });
      CHECK(visits == std::vector<int>(static_cast<size_t>(count), 1));
    }
  }
}

TEST_CASE("core. pieces depend on the sizes alone") {
  for (int64_t threads : {1, 2, 3}) {
    const test::Threads setting(threads);
    std::vector<int64_t> ends(4);
    parallel_for(10, 3, [&](int64_t begin, int64_t end) { ends[begin / 3] = end; });
    CHECK(ends == std::vector<int64_t>{3, 6, 9, 10});
  }
}

TEST_CASE("core. the exception of the lowest chunk comes out") {
  for (int64_t threads : {1, 2, 4}) {
    const test::Threads setting(threads);
    for (int repeat = 0; repeat < 20; ++repeat) {
      auto fails = [](int64_t chunk) {
        if (chunk == 3 || chunk == 7 || chunk == 12)
          throw std::runtime_error("chunk " + std::to_string(chunk));
      };
      REQUIRE_THROWS_WITH_AS(parallel_chunks(16, fails), "chunk 3", std::runtime_error);
    }
    // Nothing is left behind that would disturb the next one.
    std::atomic<int64_t> sum = 0;
    parallel_chunks(10, [&](int64_t chunk) { sum += chunk; });
    CHECK(sum == 45);
  }
}

TEST_CASE("core. two threads really run at once") {
  const test::Threads setting(2);
  std::atomic<int> present = 0;
  std::atomic<bool> met = true;
  parallel_chunks(2, [&](int64_t) {
    ++present;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (present < 2 && met) {
      if (std::chrono::steady_clock::now() > deadline) met = false;
      std::this_thread::yield();
    }
  });
  CHECK(met);
}

TEST_CASE("core. a parallel_for inside another runs on the calling thread, in order") {
  const test::Threads setting(4);
  std::vector<int> right(8);
  parallel_chunks(8, [&](int64_t outer) {
    const auto here = std::this_thread::get_id();
    std::vector<int64_t> order;
    bool same_thread = true;
    parallel_chunks(5, [&](int64_t inner) {
      order.push_back(inner);
      same_thread = same_thread && std::this_thread::get_id() == here;
    });
    right[outer] = same_thread && order == std::vector<int64_t>{0, 1, 2, 3, 4};
  });
  CHECK(right == std::vector<int>(8, 1));
}

TEST_CASE("core. an exception out of a nested parallel_for travels through both") {
  const test::Threads setting(2);
  auto nested = [](int64_t outer) {
    parallel_chunks(4, [&](int64_t inner) {
      if (outer == 1 && inner == 2) throw std::runtime_error("inner 2 of outer 1");
    });
  };
  CHECK_THROWS_WITH_AS(parallel_chunks(4, nested), "inner 2 of outer 1", std::runtime_error);
}

TEST_CASE("core. parallel_for may be called from several threads of the program") {
  std::vector<int64_t> sums(3);
  {
    std::vector<std::jthread> callers;
    for (size_t i = 0; i < sums.size(); ++i) {
      callers.emplace_back([&sums, i] {
        for (int repeat = 0; repeat < 20; ++repeat) {
          std::vector<int64_t> parts(10);
          parallel_chunks(10, [&](int64_t chunk) { parts[chunk] = chunk; });
          sums[i] += std::accumulate(parts.begin(), parts.end(), int64_t{0});
        }
      });
    }
  }
  CHECK(sums == std::vector<int64_t>(3, 20 * 45));
}

TEST_CASE("core. the number of threads is at least one and sane") {
  const test::Threads setting(num_threads());
  CHECK(num_threads() >= 1);
  CHECK_THROWS_WITH_AS(set_num_threads(0), "set_num_threads: 0 threads, expected 1 to 1024", Error);
  CHECK_THROWS_AS(set_num_threads(-1), Error);
  CHECK_THROWS_AS(set_num_threads(1025), Error);
  for (const int64_t count : {1024, 5}) {
    set_num_threads(count);
    CHECK(num_threads() == count);
  }
}
