#include <algorithm>

#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/gemm.hpp>

namespace tinynn::kernels {

void gemm(int64_t m, int64_t n, int64_t k, const float* a, Layout layout_a, const float* b, Layout layout_b,
          float* c, bool accumulate) {
  if (m == 0 || n == 0) return;
  if (k == 0) {
    if (!accumulate) std::fill_n(c, m * n, 0.0F);
    return;
  }
  const int64_t lda = layout_a == Layout::plain ? k : m;
  const int64_t ldb = layout_b == Layout::plain ? n : k;
  const blas::SingleThreaded guard;
  // Every piece packs the operand that is not split anew, so pieces have to be worth several Mflop; they
  // split the longer side of C at multiples of 16, which suits every register block in use.
  constexpr double flops_per_piece = 2e6;
  const int64_t side = std::max(m, n);
  const double flops = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  const int64_t pieces = std::clamp<int64_t>(static_cast<int64_t>(flops / flops_per_piece), 1, 16);
  const int64_t grain = ((side + pieces - 1) / pieces + 15) / 16 * 16;
  parallel_for(side, grain, [&](int64_t begin, int64_t end) {
    if (m >= n) {
      const float* rows = a + begin * (layout_a == Layout::plain ? lda : 1);
      blas::sgemm(end - begin, n, k, rows, lda, layout_a, b, ldb, layout_b, c + begin * n, n, accumulate);
    } else {
      const float* columns = b + begin * (layout_b == Layout::plain ? 1 : ldb);
      blas::sgemm(m, end - begin, k, a, lda, layout_a, columns, ldb, layout_b, c + begin, n, accumulate);
    }
  });
}

}  // namespace tinynn::kernels
