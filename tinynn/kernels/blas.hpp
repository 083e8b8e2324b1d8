// The one door to the matrix library, private to gemm. Two bodies: OpenBLAS, or Eigen with TINYNN_BLAS=Eigen.
#pragma once

#include <tinynn/kernels/gemm.hpp>

namespace tinynn::kernels::blas {

/// C (m, n) = A * B (+ C) on the calling thread; ld* are the lengths of the stored rows.
void sgemm(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, Layout layout_a, const float* b,
           int64_t ldb, Layout layout_b, float* c, int64_t ldc, bool accumulate);

/// While one lives, the matrix library uses one thread a call; its own setting comes back afterwards. tinynn
/// splits the work itself: two layers of threads slow each other down.
class SingleThreaded {
 public:
  SingleThreaded();
  ~SingleThreaded();
  SingleThreaded(const SingleThreaded&) = delete;
  SingleThreaded& operator=(const SingleThreaded&) = delete;
};

}  // namespace tinynn::kernels::blas
