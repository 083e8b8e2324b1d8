// GF/s of the kernels, on one thread, at the shapes that the models have, and as a share of what this
// machine's matrix product of 1024 x 1024 x 1024 reaches: build/release/benchmarks/tinynn_bench_kernels
// [--benchmark_filter=conv]
#include <chrono>
#include <string>

#include <benchmark/benchmark.h>

#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/conv2d.hpp>
#include <tinynn/kernels/gemm.hpp>
#include <tinynn/kernels/linear.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/tinynn.hpp>

#include "layers.hpp"

using namespace tinynn;
using kernels::Layout;

namespace {

// Flops a second of a large product: the best of ten.
double measured_peak() {
  constexpr int64_t size = 1024;
  const Tensor a = randn({size, size}), b = randn({size, size});
  Tensor c({size, size});
  double best = 1e9;
  for (int i = 0; i < 10; ++i) {
    const auto start = std::chrono::steady_clock::now();
    kernels::gemm(size, size, size, a.data(), Layout::plain, b.data(), Layout::plain, c.mutable_data());
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return 2.0 * size * size * size / best;
}

// Runs the work and counts it; `macs` are those that have to be done, dead ones left out.
template <class Work>
void measure(benchmark::State& state, double macs, Work work) {
  static const double peak = measured_peak();
  for (auto _ : state) work();
  using benchmark::Counter;
  state.counters["GF/s"] = Counter(2e-9 * macs, Counter::kIsIterationInvariantRate);
  state.counters["of_peak"] = Counter(2 * macs / peak, Counter::kIsIterationInvariantRate);
}

void register_linear(int64_t in, int64_t out, int64_t n, double sparsity) {
  const auto name = "linear/" + std::to_string(in) + "x" + std::to_string(out) +
                    "/batch:" + std::to_string(n) +
                    (sparsity > 0 ? "/zeros:" + std::to_string(sparsity).substr(0, 4) : "");
  const Tensor x = randn({n, in}), w = randn({out, in}), g = randn({n, out});
  const auto pattern =
      std::make_shared<kernels::SparsePattern>(Mask(rand({out, in}) >= sparsity).data(), out, in);
  const auto live = sparsity > 0 ? pattern : nullptr;
  const double macs = static_cast<double>(n * pattern->count());
  const auto add = [&](const char* what, auto work) {
    benchmark::RegisterBenchmark((name + "/" + what).c_str(),
                                 [=](benchmark::State& state) { measure(state, macs, work); });
  };
  const kernels::LinearSizes s{.n = n, .in = in, .out = out};
  add("forward", [=, y = Tensor({n, out})]() mutable {
    kernels::linear_forward(s, x.data(), w.data(), nullptr, y.mutable_data(), live.get());
  });
  add("input", [=, y = Tensor({n, in})]() mutable {
    kernels::linear_backward_input(s, g.data(), w.data(), y.mutable_data(), live.get());
  });
  add("weight", [=, y = Tensor({out, in})]() mutable {
    kernels::linear_backward_weight(s, g.data(), x.data(), y.mutable_data(), live.get());
  });
}

void register_conv2d(const std::string& layer, const kernels::Conv2dSizes& s, double sparsity) {
  const auto name =
      "conv2d/" + layer + (sparsity > 0 ? "/zeros:" + std::to_string(sparsity).substr(0, 4) : "");
  const Tensor x = randn({s.n, s.c, s.h, s.w}), w = randn({s.o, s.c, s.kh, s.kw}),
               g = randn({s.n, s.o, s.oh(), s.ow()});
  const int64_t columns = s.c * s.kh * s.kw;
  const auto pattern =
      std::make_shared<kernels::SparsePattern>(Mask(rand({s.o, columns}) >= sparsity).data(), s.o, columns);
  const auto live = sparsity > 0 ? pattern : nullptr;
  const double macs = static_cast<double>(s.n * s.oh() * s.ow() * pattern->count());
  const auto add = [&](const char* what, auto work) {
    benchmark::RegisterBenchmark((name + "/" + what).c_str(),
                                 [=](benchmark::State& state) { measure(state, macs, work); });
  };
  add("forward", [=, y = Tensor(g.shape())]() mutable {
    kernels::conv2d_forward(s, x.data(), w.data(), nullptr, y.mutable_data(), live.get());
  });
  add("input", [=, y = Tensor(x.shape())]() mutable {
    kernels::conv2d_backward_input(s, g.data(), w.data(), y.mutable_data(), live.get());
  });
  add("weight", [=, y = Tensor(w.shape())]() mutable {
    kernels::conv2d_backward_weight(s, g.data(), x.data(), y.mutable_data(), live.get());
  });
}

}  // namespace

int main(int argc, char** argv) {
  set_num_threads(1);
  manual_seed(1);
  for (const double sparsity : {0.0, 0.95}) {
    for (const int64_t n : {1, 64}) register_linear(784, 300, n, sparsity);
    register_linear(300, 100, 64, sparsity);
    register_linear(800, 500, 64, sparsity);
    register_conv2d("simple-cnn.conv1", bench::convolution(1, 28, 4, 3, 1), sparsity);
    register_conv2d("simple-cnn.conv2", bench::convolution(4, 14, 8, 3, 1), sparsity);
    register_conv2d("lenet-5.conv1", bench::convolution(1, 28, 20, 5, 0), sparsity);
    register_conv2d("lenet-5.conv2", bench::convolution(20, 12, 50, 5, 0), sparsity);
    register_conv2d("resnet-20.16", bench::convolution(16, 32, 16, 3, 1), sparsity);
    register_conv2d("resnet-20.16-32", bench::convolution(16, 32, 32, 3, 1, 2), sparsity);
    register_conv2d("resnet-20.64", bench::convolution(64, 8, 64, 3, 1), sparsity);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
