// The sparse product of sparse_product.hpp: tinynn_bench_sparse_product [THREADS]
#include "sparse_product.hpp"

#include <tinynn/core/parallel.hpp>
#include <tinynn/core/version.hpp>
#include <tinynn/kernels/linear_kernel.hpp>

#include "isa.hpp"

int main(int argc, char** argv) {
  using namespace tinynn;
  bench::use_isa_of_environment();
  bench::SparseProduct p;
  set_num_threads(bench::threads_of(argc, argv));
  std::vector<uint8_t> alive(p.dense.size());
  std::ranges::transform(p.dense, alive.begin(), [](float v) { return v != 0; });
  const kernels::SparsePattern pattern(alive.data(), p.rows, p.columns);
  const kernels::LinearKernel kernel(pattern.by_rows(), p.dense.data(), p.batch);
  return p.run(
      "tinynn", version(), static_cast<int>(num_threads()),
      [&] { kernel(p.batch, p.x.data(), nullptr, p.y.data()); }, [&] { return p.y.data(); });
}
