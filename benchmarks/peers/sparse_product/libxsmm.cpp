// LIBXSMM compiles the weight into the code of the product: libxsmm_bench_sparse_product [THREADS]; it has
// one thread.
#include <libxsmm.h>

#include "../../sparse_product.hpp"

int main() {
  bench::SparseProduct p;
  libxsmm_init();
  libxsmm_sfsspmdm* product = libxsmm_sfsspmdm_create(p.rows, p.batch, p.columns, p.columns, p.batch, p.batch,
                                                      1, 0, 0, p.dense.data());
  if (product == nullptr) return 1;
  return p.run(
      "LIBXSMM", LIBXSMM_VERSION, 1, [&] { libxsmm_sfsspmdm_execute(product, p.x.data(), p.y.data()); },
      [&] { return p.y.data(); });
}
