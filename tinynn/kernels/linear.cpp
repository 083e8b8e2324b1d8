// Dense products by gemm; sparse ones in blocks of 64 samples, transposed, so that a vector is of samples.
#include <algorithm>

#include <tinynn/kernels/gemm.hpp>
#include <tinynn/kernels/linear.hpp>
#include <tinynn/kernels/linear_kernel.hpp>
#include <tinynn/kernels/transposed.hpp>

namespace tinynn::kernels {
namespace {

// Samples of a block: as many as fill four of the widest vectors. Longer rows would often lie a multiple of
// 4096 bytes apart, which caches do not like.
constexpr int64_t block = 64;
constexpr int64_t widest = 16;  // lanes

// A block's samples, filled up to whole vectors.
int64_t padded(int64_t samples) { return (samples + widest - 1) / widest * widest; }
int64_t pitch_of(int64_t n) { return padded(std::min(n, block)); }

// y (n, lines) = x (n, size of a line) times the lines, + bias. A single block leaves the threads to its
// rows.
void multiply(const SparsePattern::Lines& lines, int64_t n, const float* x, const float* weight,
              const float* bias, float* y) {
  const int64_t pitch = pitch_of(n);
  const LinearKernel kernel(lines, weight, pitch);
  parallel_for((n + block - 1) / block, 1, [&](int64_t begin, int64_t end) {
    for (int64_t first = begin * block; first < std::min(n, end * block); first += block) {
      const int64_t samples = std::min(block, n - first);
      const Buffer in = transposed(x + first * lines.size, samples, lines.size, pitch);
      const Buffer out(lines.count * pitch);
      kernel(padded(samples), in.data(), bias, out.data());
      simd::table().transpose(lines.count, samples, out.data(), pitch, y + first * lines.count, lines.count);
    }
  });
}

void sparse_backward_weight(const SparsePattern& live, int64_t n, const float* grad_y, const float* x,
                            float* grad_weight) {
  const int64_t blocks = (n + block - 1) / block, grain = std::max<int64_t>(1, (blocks + 15) / 16);
  const int64_t pitch = pitch_of(n);
  const RowVectors vectors(0, pitch);
  const LiveElements elements(live.by_rows(), nullptr, [=](int64_t, int64_t i) { return i * pitch; });
  sum_chunks(blocks, grain, live.count(), grad_weight, [&](int64_t begin, int64_t end, float* sum) {
    for (int64_t first = begin * block; first < std::min(n, end * block); first += block) {
      const int64_t samples = std::min(block, n - first);
      const Buffer g = transposed(grad_y + first * live.rows, samples, live.rows, pitch);
      const Buffer in = transposed(x + first * live.columns, samples, live.columns, pitch);
      for_row_pieces(live.rows, live.count(), [&](int64_t row_begin, int64_t row_end) {
        simd::table().sparse_dots(elements.rows(row_begin, row_end), vectors.places(padded(samples)),
                                  g.data(), pitch, in.data(), sum);
      });
    }
  });
}

}  // namespace

void linear_forward(const LinearSizes& s, const float* x, const float* weight, const float* bias, float* y,
                    const SparsePattern* live) {
  if (live != nullptr) return multiply(live->by_rows(), s.n, x, weight, bias, y);
  for (int64_t i = 0; bias != nullptr && i < s.n; ++i) std::copy_n(bias, s.out, y + i * s.out);
  gemm(s.n, s.out, s.in, x, Layout::plain, weight, Layout::transposed, y, bias != nullptr);
}

void linear_backward_input(const LinearSizes& s, const float* grad_y, const float* weight, float* grad_x,
                           const SparsePattern* live) {
  if (live != nullptr) return multiply(live->by_columns(), s.n, grad_y, weight, nullptr, grad_x);
  gemm(s.n, s.in, s.out, grad_y, Layout::plain, weight, Layout::plain, grad_x);
}

void linear_backward_weight(const LinearSizes& s, const float* grad_y, const float* x, float* grad_weight,
                            const SparsePattern* live) {
  if (live != nullptr) return sparse_backward_weight(*live, s.n, grad_y, x, grad_weight);
  gemm(s.out, s.in, s.n, grad_y, Layout::transposed, x, Layout::plain, grad_weight);
}

}  // namespace tinynn::kernels
