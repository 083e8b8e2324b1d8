// librsb's recursive blocks, after it has tuned itself: librsb_bench_sparse_product [THREADS], which are
// OpenMP's.
#include <rsb.h>

#include "../../sparse_product.hpp"

int main(int argc, char** argv) {
  bench::SparseProduct p;
  const int threads = bench::threads_of(argc, argv);
  setenv("OMP_NUM_THREADS", std::to_string(threads).c_str(), 1);
  if (rsb_lib_init(RSB_NULL_INIT_OPTIONS) != RSB_ERR_NO_ERROR) return 1;
  rsb_err_t error = RSB_ERR_NO_ERROR;
  rsb_mtx_t* weight = rsb_mtx_alloc_from_csr_const(
      p.values.data(), p.begin.data(), p.index.data(), static_cast<rsb_nnz_idx_t>(p.values.size()),
      RSB_NUMERICAL_TYPE_FLOAT, p.rows, p.columns, 0, 0, RSB_FLAG_NOFLAGS, &error);
  if (weight == nullptr) return 1;
  const float one = 1, zero = 0;
  rsb_tune_spmm(&weight, nullptr, nullptr, 0, 1.0, RSB_TRANSPOSITION_N, &one, nullptr, p.batch,
                RSB_FLAG_WANT_ROW_MAJOR_ORDER, p.x.data(), p.batch, &zero, p.y.data(), p.batch);
  return p.run(
      "librsb", RSB_LIBRSB_VER_STRING, threads,
      [&] {
        rsb_spmm(RSB_TRANSPOSITION_N, &one, weight, p.batch, RSB_FLAG_WANT_ROW_MAJOR_ORDER, p.x.data(),
                 p.batch, &zero, p.y.data(), p.batch);
      },
      [&] { return p.y.data(); });
}
