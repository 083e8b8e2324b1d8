// When sparse kernels pay: a layer's forward and backward products with live weights only, against dense
// ones, by sparsity, layer and batch size; the ratio of dense time to sparse time, medians of runs that take
// turns. Where it passes 1 is what ops/linear.cpp and ops/conv2d.cpp go by.
//   build/release/benchmarks/tinynn_bench_sparsity [REPETITIONS [THREADS]]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <tinynn/core/mask.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/conv2d.hpp>
#include <tinynn/kernels/linear.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/tinynn.hpp>

#include "isa.hpp"
#include "layers.hpp"
using namespace tinynn;

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

// Three products, forward, backward of the input and of the weight, each dense and sparse.
struct Product {
  const char* name;
  std::function<void()> dense, sparse;
};

// Each product takes where the weight is alive, or null.
template <class Forward, class Input, class Weight>
std::vector<Product> three_products(const kernels::SparsePattern& live, Forward forward, Input input,
                                    Weight of_weight) {
  return {{"forward", [=] { forward(nullptr); }, [=, &live] { forward(&live); }},
          {"backward, input", [=] { input(nullptr); }, [=, &live] { input(&live); }},
          {"backward, weight", [=] { of_weight(nullptr); }, [=, &live] { of_weight(&live); }}};
}

// A line for each product, with a ratio for each sparsity. `products` makes them for a mask of shape (out,
// in).
void print_lines(const std::string& layer, int64_t out, int64_t in, int repetitions,
                 const std::function<std::vector<Product>(const kernels::SparsePattern& pattern)>& products) {
  std::vector<std::string> lines;
  for (const double sparsity : sparsities) {
    const Mask mask(rand({out, in}) >= sparsity);
    const kernels::SparsePattern pattern(mask.data(), out, in);
    const auto all = products(pattern);
    lines.resize(all.size());
    for (size_t k = 0; k < all.size(); ++k) {
      if (lines[k].empty()) lines[k] = "| " + layer + " | " + all[k].name + " |";
      std::array<char, 32> text;
      std::snprintf(text.data(), text.size(), " %.2f |", ratio(all[k].dense, all[k].sparse, repetitions));
      lines[k] += text.data();
    }
  }
  for (const auto& line : lines) std::printf("%s\n", line.c_str());
}

void print_linear(int64_t out, int64_t in, int64_t n, int repetitions) {
  const Tensor x = randn({n, in}), weight = randn({out, in}), grad_y = randn({n, out});
  Tensor y({n, out}), grad_x({n, in}), grad_weight({out, in});
  const std::string name = std::to_string(in) + " x " + std::to_string(out) + ", batch " + std::to_string(n);
  print_lines(name, out, in, repetitions, [&](const kernels::SparsePattern& pattern) {
    const kernels::LinearSizes s{.n = n, .in = in, .out = out};
    const auto forward = [&, s](const kernels::SparsePattern* live) {
      kernels::linear_forward(s, x.data(), weight.data(), nullptr, y.mutable_data(), live);
    };
    const auto input = [&, s](const kernels::SparsePattern* live) {
      kernels::linear_backward_input(s, grad_y.data(), weight.data(), grad_x.mutable_data(), live);
    };
    const auto of_weight = [&, s](const kernels::SparsePattern* live) {
      kernels::linear_backward_weight(s, grad_y.data(), x.data(), grad_weight.mutable_data(), live);
    };
    return three_products(pattern, forward, input, of_weight);
  });
}

void print_conv2d(const kernels::Conv2dSizes& s, int repetitions) {
  const Tensor x = randn({s.n, s.c, s.h, s.w}), weight = randn({s.o, s.c, s.kh, s.kw});
  const Tensor grad_y = randn({s.n, s.o, s.oh(), s.ow()});
  Tensor y(grad_y.shape()), grad_x(x.shape()), grad_weight(weight.shape());
  const std::string name = std::to_string(s.c) + " x " + std::to_string(s.h) + " x " + std::to_string(s.w) +
                           " to " + std::to_string(s.o) + " by " + std::to_string(s.kh) + " x " +
                           std::to_string(s.kw) + ", batch " + std::to_string(s.n);
  print_lines(name, s.o, s.c * s.kh * s.kw, repetitions, [&](const kernels::SparsePattern& pattern) {
    const auto forward = [&](const kernels::SparsePattern* live) {
      kernels::conv2d_forward(s, x.data(), weight.data(), nullptr, y.mutable_data(), live);
    };
    const auto input = [&](const kernels::SparsePattern* live) {
      kernels::conv2d_backward_input(s, grad_y.data(), weight.data(), grad_x.mutable_data(), live);
    };
    const auto of_weight = [&](const kernels::SparsePattern* live) {
      kernels::conv2d_backward_weight(s, grad_y.data(), x.data(), grad_weight.mutable_data(), live);
    };
    return three_products(pattern, forward, input, of_weight);
  });
}

}  // namespace

int main(int argc, char** argv) {
  bench::use_isa_of_environment();
  const int repetitions = argc > 1 ? std::atoi(argv[1]) : 31;
  if (argc > 2) set_num_threads(std::atoi(argv[2]));
  manual_seed(1);
  std::printf("| layer | product |");
  for (const double sparsity : sparsities) std::printf(" %.0f%% zero |", 100 * sparsity);
  std::printf("\n|---|---|---|---|---|---|---|---|---|---|\n");
  for (const int64_t n : {1, 4, 8, 16, 32, 64, 1000}) print_linear(300, 784, n, repetitions);
  print_linear(100, 300, 64, repetitions);
  print_linear(500, 800, 64, repetitions);
  print_conv2d(bench::convolution(20, 12, 50, 5, 0), repetitions);  // LeNet-5
  print_conv2d(bench::convolution(4, 14, 8, 3, 1), repetitions);    // SimpleCNN
  print_conv2d(bench::convolution(16, 32, 16, 3, 1), repetitions);  // ResNet-20
  print_conv2d(bench::convolution(64, 8, 64, 3, 1), repetitions);
}
