// What this machine can do at best: tinynn_bench_peak THREADS prints a line of JSON with the float operations
// a second of multiply-adds that touch nothing but registers, with the instructions that tinynn chose, and
// the bytes a second at which that many threads read memory. Every other figure stands beside these.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <immintrin.h>

#include "isa.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// So many chains of sums that multiply-adds can begin at every turn, whatever their latency.
constexpr int chains = 12;

// Each returns the float operations of `turns` turns: lanes x chains x two.
// clang-format off
#define TINYNN_PEAK(name, isa, Vector, set1, multiply_add, store, lanes)              \
  __attribute__((target(isa))) double name(int64_t turns) {                           \
    Vector sum[chains], a = set1(0.999F), b = set1(0.001F);                           \
    for (Vector& s : sum) s = set1(1);                                                \
    for (int64_t t = 0; t < turns; ++t) {                                             \
      _Pragma("GCC unroll 12") for (Vector& s : sum) s = multiply_add(s, a, b);       \
    }                                                                                 \
    float out[lanes];                                                                 \
    volatile float kept = 0; /* or the compiler leaves the sums out */                \
    for (Vector& s : sum) { store(out, s); kept = kept + out[0]; }                    \
    return 2.0 * lanes * chains * static_cast<double>(turns);                         \
  }
#define TINYNN_MULTIPLY_ADD(s, a, b) _mm_add_ps(_mm_mul_ps(s, a), b)
TINYNN_PEAK(avx512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_storeu_ps, 16)
TINYNN_PEAK(avx2, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_storeu_ps, 8)
TINYNN_PEAK(sse2, "sse2", __m128, _mm_set1_ps, TINYNN_MULTIPLY_ADD, _mm_storeu_ps, 4)
// clang-format on

// The work of all threads by the seconds of the slowest, at the best of nine tries.
double rate(int threads, const std::function<double(int)>& work) {
  double best = 0;
  for (int turn = 0; turn < 9; ++turn) {
    std::vector<std::thread> others;
    std::vector<double> done(static_cast<size_t>(threads));
    const auto start = Clock::now();
    for (int i = 1; i < threads; ++i) others.emplace_back([&, i] { done[static_cast<size_t>(i)] = work(i); });
    done[0] = work(0);
    for (std::thread& other : others) other.join();
    const double seconds = since(start);
    double sum = 0;
    for (const double d : done) sum += d;
    best = std::max(best, sum / seconds);
  }
  return best;
}

// Reads a part of memory that no cache holds.
double bytes_read(const std::vector<float>& memory, int part, int parts) {
  const size_t size = memory.size() / static_cast<size_t>(parts);
  const float* from = memory.data() + size * static_cast<size_t>(part);
  float sums[64] = {};
  for (size_t i = 0; i + 64 <= size; i += 64) {
    for (size_t j = 0; j < 64; ++j) sums[j] += from[i + j];
  }
  volatile float kept = 0;
  for (const float sum : sums) kept = kept + sum;
  return 4.0 * static_cast<double>(size);
}

}  // namespace

int main(int argc, char** argv) {
  bench::use_isa_of_environment();
  const int threads = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1;
  const std::string isa = tinynn::kernels::isa();
  const auto loop = isa == "x86-64-v4" ? avx512 : isa == "x86-64-v3" ? avx2 : sse2;
  const double flops = rate(threads, [&](int) { return loop(20'000'000); });
  const std::vector<float> memory(size_t{1} << 27, 1);  // 512 MB
  const double bytes = rate(threads, [&](int part) { return bytes_read(memory, part, threads); });
  std::printf(
      R"({"library": "machine", "version": "%s", "case": "peak", "threads": %d, "gflops": %.1f, "gbytes": %.1f})"
      "\n",
      isa.c_str(), threads, 1e-9 * flops, 1e-9 * bytes);
}
