// gemm: the matrix product that everything heavy is built on.
#pragma once

#include <cstdint>

namespace tinynn::kernels {

/// How a matrix operand is stored: as the product reads it, or transposed.
enum class Layout { plain, transposed };

/// C (m, n) = A (m, k) * B (k, n), or C += A * B with `accumulate`; all row-major and dense. An operand that
/// is `transposed` lies in memory as (k, m) or (n, k). The work is split over threads in a way that depends
/// on the sizes alone.
void gemm(int64_t m, int64_t n, int64_t k, const float* a, Layout layout_a, const float* b, Layout layout_b,
          float* c, bool accumulate = false);
/// C (m, n) = A (m, k) * B (n, k) transposed, + bias (n) in each row.
void gemm_and_bias(int64_t m, int64_t n, int64_t k, const float* a, const float* b, const float* bias,
                   float* c);

/// Name and version of the library that does the work, for reports.
const char* blas_name();

/// The matrix library, for gemm alone. Two bodies: OpenBLAS, or Eigen with TINYNN_BLAS=Eigen.
namespace blas {

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

}  // namespace blas

}  // namespace tinynn::kernels
