// When sparse kernels pay: a linear layer's forward and backward products with live weights only, against
// dense ones, by sparsity, layer and batch size; the ratio of dense time to sparse time, medians of runs that
// take turns. Where it passes 1 is what ops/linear.cpp goes by.
//   build/release/benchmarks/tinynn_bench_sparsity [REPETITIONS [THREADS]]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include <tinynn/core/mask.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/gemm.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/tinynn.hpp>
using namespace tinynn;
using kernels::Layout;

namespace {

constexpr double sparsities[] = {0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99};

double microseconds(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

// The median of dense times over the median of sparse times.
double ratio(const std::function<void()>& dense, const std::function<void()>& sparse, int repetitions) {
  std::vector<double> times[2];
  for (int i = 0; i < repetitions + 2; ++i) {
    for (int k = 0; k < 2; ++k) {
      const double time = microseconds(k == 0 ? dense : sparse);
      if (i >= 2) times[k].push_back(time);
    }
  }
  for (auto& of_one : times) std::ranges::sort(of_one);
  return times[0][times[0].size() / 2] / times[1][times[1].size() / 2];
}

void print_layer(int64_t out, int64_t in, int64_t n, int repetitions) {
  const Tensor x = randn({n, in}), weight = randn({out, in}), grad_y = randn({n, out});
  Tensor y({n, out}), grad_x({n, in}), grad_weight({out, in});
  const char* names[] = {"forward", "backward, input", "backward, weight"};
  std::vector<std::array<double, 3>> ratios;
  for (const double sparsity : sparsities) {
    const Mask mask(rand({out, in}) >= sparsity);
    const kernels::SparsePattern pattern(mask.data(), out, in);
    auto& row = ratios.emplace_back();
    row[0] = ratio(
        [&] {
          kernels::gemm(n, out, in, x.data(), Layout::plain, weight.data(), Layout::transposed,
                        y.mutable_data());
        },
        [&] {
          kernels::sparse_linear_forward(pattern, n, x.data(), weight.data(), nullptr, y.mutable_data());
        },
        repetitions);
    row[1] = ratio(
        [&] {
          kernels::gemm(n, in, out, grad_y.data(), Layout::plain, weight.data(), Layout::plain,
                        grad_x.mutable_data());
        },
        [&] {
          kernels::sparse_linear_backward_input(pattern, n, grad_y.data(), weight.data(),
                                                grad_x.mutable_data());
        },
        repetitions);
    row[2] = ratio(
        [&] {
          kernels::gemm(out, in, n, grad_y.data(), Layout::transposed, x.data(), Layout::plain,
                        grad_weight.mutable_data());
        },
        [&] {
          kernels::sparse_linear_backward_weight(pattern, n, grad_y.data(), x.data(),
                                                 grad_weight.mutable_data());
        },
        repetitions);
  }
  for (size_t k = 0; k < 3; ++k) {
    std::printf("| %lld x %lld, batch %lld | %s |", static_cast<long long>(in), static_cast<long long>(out),
                static_cast<long long>(n), names[k]);
    for (const auto& row : ratios) std::printf(" %.2f |", row[k]);
    std::printf("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int repetitions = argc > 1 ? std::atoi(argv[1]) : 31;
  if (argc > 2) set_num_threads(std::atoi(argv[2]));
  manual_seed(1);
  std::printf("| layer | product |");
  for (const double sparsity : sparsities) std::printf(" %.0f%% zero |", 100 * sparsity);
  std::printf("\n|---|---|---|---|---|---|---|---|---|---|\n");
  for (const int64_t n : {1, 16, 64, 1000}) print_layer(300, 784, n, repetitions);
  print_layer(100, 300, 64, repetitions);
  print_layer(500, 800, 64, repetitions);
}
