#include <algorithm>

#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/gemm.hpp>
#include <tinynn/kernels/transposed.hpp>
#include <tinynn/kernels/window.hpp>

namespace tinynn::kernels {
namespace {

constexpr int64_t rows_of_block = 64;  // rows of A whose transpose is B of a product without packing

// C = A B as it lies, and C^T = B A^T, for blocks of A's rows, take 0.55 to 0.95 of the time of OpenBLAS,
// which packs both operands, where the right one stays in the cache: measured with vectors of 8 and 16
// (Debian 12's 0.3.21, EPYC), down to four terms.
bool goes_directly(int64_t m, int64_t n, int64_t k, Layout layout_a, Layout layout_b, bool accumulate) {
  const int64_t lanes = simd::table().lanes, most = lanes == 16 ? 1 << 19 : 1 << 17;
  if (lanes < 8) return false;
  if (layout_b == Layout::plain) return !accumulate && n >= lanes && k >= 4 && k * n <= most;
  const bool fills = m >= lanes || (2 * m >= lanes && n * k >= 1 << 17);
  return layout_a == Layout::plain && fills && n * k >= 1 << 12 && k * rows_of_block <= most;
}

// Pieces of so many rows or columns, each of about so many flops; all but the last are multiples of `unit`,
// and none is smaller.
template <class Piece>
void for_pieces(int64_t side, double flops, double flops_per_piece, int64_t unit, const Piece& piece) {
  const int64_t pieces = std::clamp<int64_t>(static_cast<int64_t>(flops / flops_per_piece), 1, 16);
  const int64_t units = std::max<int64_t>(1, side / unit);
  parallel_for(units, (units + pieces - 1) / pieces,
               [&](int64_t begin, int64_t end) { piece(begin * unit, end == units ? side : end * unit); });
}

double flops_of(int64_t m, int64_t n, int64_t k) {
  return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
}
constexpr double flops_worth_a_thread = 5e5;

void multiply_directly(int64_t m, int64_t n, int64_t k, const float* a, Layout layout_a, const float* b,
                       float* c) {
  const simd::Table& table = simd::table();
  const int64_t a_row = layout_a == Layout::plain ? k : 1, a_term = layout_a == Layout::plain ? 1 : m;
  for_pieces(std::max(m, n), flops_of(m, n, k), flops_worth_a_thread, 32, [&](int64_t begin, int64_t end) {
    const bool by_rows = m >= n;
    const simd::Product product{
        by_rows ? end - begin : m, k, by_rows ? n : end - begin, a_row, a_term, n, false};
    table.multiply(product, a + (by_rows ? begin * a_row : 0), b + (by_rows ? 0 : begin),
                   c + (by_rows ? begin * n : begin));
  });
}

// B is (n, k) here, and a bias, if there is one, what sums begin with. A single block leaves the threads to
// the rows of C^T.
void multiply_transposed(int64_t m, int64_t n, int64_t k, const float* a, const float* b, const float* bias,
                         float* c, bool accumulate) {
  const simd::Table& table = simd::table();
  parallel_for(m, rows_of_block, [&](int64_t begin, int64_t end) {
    const int64_t rows = end - begin, pitch = round_up(rows, table.lanes);
    const Buffer right = transposed(a + begin * k, rows, k, pitch), result(n * pitch);
    for_pieces(n, flops_of(rows, n, k), flops_worth_a_thread, 8, [&](int64_t first, int64_t last) {
      float* to = result.data() + first * pitch;
      if (accumulate && pitch > rows) std::fill_n(to, (last - first) * pitch, 0.0F);
      if (accumulate) table.transpose(rows, last - first, c + begin * n + first, n, to, pitch);
      for (int64_t o = first; bias != nullptr && o < last; ++o)
        std::fill_n(result.data() + o * pitch, pitch, bias[o]);
      table.multiply({last - first, k, pitch, k, 1, pitch, accumulate || bias != nullptr}, b + first * k,
                     right.data(), to);
      table.transpose(last - first, rows, to, pitch, c + begin * n + first, n);
    });
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
  if (goes_directly(m, n, k, layout_a, layout_b, accumulate)) {
    if (layout_b == Layout::transposed) return multiply_transposed(m, n, k, a, b, nullptr, c, accumulate);
    return multiply_directly(m, n, k, a, layout_a, b, c);
  }
  const blas::SingleThreaded guard;
  // Every piece packs the operand that is not split anew, so pieces have to be worth several Mflop; multiples
  // of 16 suit every register block in use.
  for_pieces(
      std::max(m, n), flops_of(m, n, k), 4 * flops_worth_a_thread, 16, [&](int64_t begin, int64_t end) {
        if (m >= n) {
          const float* rows = a + begin * (layout_a == Layout::plain ? lda : 1);
          blas::sgemm(end - begin, n, k, rows, lda, layout_a, b, ldb, layout_b, c + begin * n, n, accumulate);
        } else {
          const float* columns = b + begin * (layout_b == Layout::plain ? 1 : ldb);
          blas::sgemm(m, end - begin, k, a, lda, layout_a, columns, ldb, layout_b, c + begin, n, accumulate);
        }
      });
}

void gemm_and_bias(int64_t m, int64_t n, int64_t k, const float* a, const float* b, const float* bias,
                   float* c) {
  if (m > 0 && goes_directly(m, n, k, Layout::plain, Layout::transposed, true))
    return multiply_transposed(m, n, k, a, b, bias, c, false);
  for (int64_t i = 0; i < m; ++i) std::copy_n(bias, n, c + i * n);
  gemm(m, n, k, a, Layout::plain, b, Layout::transposed, c, true);
}

}  // namespace tinynn::kernels
