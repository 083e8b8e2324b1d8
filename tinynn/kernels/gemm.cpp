#include <algorithm>

#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/gemm.hpp>
#include <tinynn/kernels/simd/isa.hpp>

namespace tinynn::kernels {
namespace {

// Products whose B stays in the cache as it lies take 0.6 to 0.95 of OpenBLAS's time, which packs both
// operands: measured with vectors of 8 and 16 (Debian 12's 0.3.21, EPYC), down to four terms.
bool goes_directly(int64_t n, int64_t k, Layout layout_b, bool accumulate) {
  const int64_t lanes = simd::table().lanes, most = lanes == 16 ? 1 << 19 : 1 << 17;
  return layout_b == Layout::plain && !accumulate && lanes >= 8 && n >= lanes && k >= 4 && k * n <= most;
}

// Pieces of the longer side of C, of so many flops at the least; all but the last are multiples of `unit`,
// and none is smaller.
template <class Piece>
void for_pieces(int64_t m, int64_t n, int64_t k, double flops_per_piece, int64_t unit, const Piece& piece) {
  const int64_t side = std::max(m, n);
  const double flops = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  const int64_t pieces = std::clamp<int64_t>(static_cast<int64_t>(flops / flops_per_piece), 1, 16);
  const int64_t units = std::max<int64_t>(1, side / unit);
  parallel_for(units, (units + pieces - 1) / pieces,
               [&](int64_t begin, int64_t end) { piece(begin * unit, end == units ? side : end * unit); });
}

void multiply_directly(int64_t m, int64_t n, int64_t k, const float* a, Layout layout_a, const float* b,
                       float* c) {
  const simd::Table& table = simd::table();
  const int64_t a_row = layout_a == Layout::plain ? k : 1, a_term = layout_a == Layout::plain ? 1 : m;
  for_pieces(m, n, k, 1e6, 32, [&](int64_t begin, int64_t end) {
    const bool by_rows = m >= n;
    const simd::Product product{
        by_rows ? end - begin : m, k, by_rows ? n : end - begin, a_row, a_term, n, false};
    table.multiply(product, a + (by_rows ? begin * a_row : 0), b + (by_rows ? 0 : begin),
                   c + (by_rows ? begin * n : begin));
  });
}

}  // namespace

void gemm(int64_t m, int64_t n, int64_t k, const float* a, Layout layout_a, const float* b, Layout layout_b,
          float* c, bool accumulate) {
  if (m == 0 || n == 0) return;
  if (k == 0) {
    if (!accumulate) std::fill_n(c, m * n, 0.0F);
    return;
  }
  const int64_t lda = layout_a == Layout::plain ? k : m;
  const int64_t ldb = layout_b == Layout::plain ? n : k;
  if (goes_directly(n, k, layout_b, accumulate)) return multiply_directly(m, n, k, a, layout_a, b, c);
  const blas::SingleThreaded guard;
  // Every piece packs the operand that is not split anew, so pieces have to be worth several Mflop; multiples
  // of 16 suit every register block in use.
  for_pieces(m, n, k, 2e6, 16, [&](int64_t begin, int64_t end) {
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
