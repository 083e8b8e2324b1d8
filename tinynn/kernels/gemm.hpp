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

/// Name and version of the library that does the work, for reports.
const char* blas_name();

}  // namespace tinynn::kernels
