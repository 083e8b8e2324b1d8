// SuiteSparse:GraphBLAS with a full matrix on the right: graphblas_bench_sparse_product [THREADS]
extern "C" {
#include <GraphBLAS.h>
}

#include "../../sparse_product.hpp"

int main(int argc, char** argv) {
  bench::SparseProduct p;
  const int threads = bench::threads_of(argc, argv);
  GrB_init(GrB_NONBLOCKING);
  GxB_Global_Option_set(GxB_GLOBAL_NTHREADS, threads);
  GxB_Global_Option_set(GxB_FORMAT, GxB_BY_ROW);
  GrB_Matrix weight = nullptr, x = nullptr, y = nullptr;
  GrB_Matrix_new(&weight, GrB_FP32, p.rows, p.columns);
  GrB_Matrix_new(&x, GrB_FP32, p.columns, p.batch);
  GrB_Matrix_new(&y, GrB_FP32, p.rows, p.batch);
  for (int r = 0; r < p.rows; ++r) {
    for (int k = p.begin[static_cast<size_t>(r)]; k < p.begin[static_cast<size_t>(r) + 1]; ++k) {
      GrB_Matrix_setElement_FP32(weight, p.values[static_cast<size_t>(k)], static_cast<GrB_Index>(r),
                                 static_cast<GrB_Index>(p.index[static_cast<size_t>(k)]));
    }
  }
  GrB_Matrix_wait(weight, GrB_MATERIALIZE);
  void* values = std::malloc(p.x.size() * sizeof(float));
  std::copy_n(p.x.data(), p.x.size(), static_cast<float*>(values));
  if (GxB_Matrix_pack_FullR(x, &values, p.x.size() * sizeof(float), false, nullptr) != GrB_SUCCESS) return 1;
  return p.run(
      "GraphBLAS", std::to_string(GxB_IMPLEMENTATION_MAJOR).c_str(), threads,
      [&] {
        GrB_mxm(y, nullptr, nullptr, GrB_PLUS_TIMES_SEMIRING_FP32, weight, x, nullptr);
        GrB_Matrix_wait(y, GrB_MATERIALIZE);
      },
      [&]() -> const float* {
        for (int r = 0; r < p.rows; ++r) {
          for (int j = 0; j < p.batch; ++j)
            GrB_Matrix_extractElement_FP32(&p.y[static_cast<size_t>(r * p.batch + j)], y,
                                           static_cast<GrB_Index>(r), static_cast<GrB_Index>(j));
        }
        return p.y.data();
      });
}
