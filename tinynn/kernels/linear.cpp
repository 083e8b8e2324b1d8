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

// Calls f(first sample, samples) for each block, on several threads.
template <class F>
void for_blocks(int64_t n, const F& f) {
  parallel_for(n, block, [&](int64_t begin, int64_t end) { f(begin, end - begin); });
}

// y (n, lines) = x (n, size of a line) times the lines, + bias. A single block leaves the threads to its
// rows.
void multiply(const SparsePattern::Lines& lines, int64_t n, const Samples& x, const float* weight,
              const float* bias, float* y) {
  const int64_t pitch = pitch_of(n);
  const LinearKernel kernel(lines, weight, pitch);
  const float* blocks = x.make_blocks(n, lines.size);
  for_blocks(n, [&](int64_t first, int64_t samples) {
    const Buffer out(lines.count * pitch);
    kernel(padded(samples), blocks + first / block * lines.size * pitch, bias, out.data());
    simd::table().transpose(lines.count, samples, out.data(), pitch, y + first * lines.count, lines.count);
  });
}

void sparse_backward_weight(const SparsePattern& live, int64_t n, const Samples& grad_y, const Samples& x,
                            float* grad_weight) {
  const int64_t blocks = (n + block - 1) / block, grain = std::max<int64_t>(1, (blocks + 15) / 16);
  const int64_t pitch = pitch_of(n);
  const RowVectors vectors(0, pitch);
  const LiveElements elements(live.by_rows(), nullptr, pitch);
  const float *g = grad_y.make_blocks(n, live.rows), *in = x.make_blocks(n, live.columns);
  sum_chunks(blocks, grain, live.count(), grad_weight, [&](int64_t begin, int64_t end, float* sum) {
    for (int64_t b = begin; b < end; ++b) {
      const simd::Places places = vectors.places(padded(std::min(block, n - b * block)));
      for_row_pieces(live.rows, live.count(), [&](int64_t row_begin, int64_t row_end) {
        simd::table().sparse_dots(elements.rows(row_begin, row_end), places, g + b * live.rows * pitch, pitch,
                                  in + b * live.columns * pitch, sum);
      });
    }
  });
}

}  // namespace

const float* Samples::make_blocks(int64_t n, int64_t size) const {
  if (blocks.data() != nullptr) return blocks.data();
  const int64_t pitch = pitch_of(n);
  blocks = Buffer((n + block - 1) / block * size * pitch);
  for_blocks(n, [&](int64_t first, int64_t samples) {
    transpose_samples(rows + first * size, samples, size, pitch,
                      blocks.data() + first / block * size * pitch);
  });
  return blocks.data();
}

void linear_forward(const LinearSizes& s, const Samples& x, const float* weight, const float* bias, float* y,
                    const SparsePattern* live) {
  if (live != nullptr) return multiply(live->by_rows(), s.n, x, weight, bias, y);
  if (bias == nullptr) return gemm(s.n, s.out, s.in, x.rows, Layout::plain, weight, Layout::transposed, y);
  gemm_and_bias(s.n, s.out, s.in, x.rows, weight, bias, y);
}

void linear_backward_input(const LinearSizes& s, const Samples& grad_y, const float* weight, float* grad_x,
                           const SparsePattern* live) {
  if (live != nullptr) return multiply(live->by_columns(), s.n, grad_y, weight, nullptr, grad_x);
  gemm(s.n, s.in, s.out, grad_y.rows, Layout::plain, weight, Layout::plain, grad_x);
}

void linear_backward_weight(const LinearSizes& s, const Samples& grad_y, const Samples& x, float* grad_weight,
                            const SparsePattern* live) {
  if (live != nullptr) return sparse_backward_weight(*live, s.n, grad_y, x, grad_weight);
  gemm(s.out, s.in, s.n, grad_y.rows, Layout::transposed, x.rows, Layout::plain, grad_weight);
}

void linear_backward_bias(const LinearSizes& s, const float* grad_y, float* grad_bias) {
  std::vector<double> sums(static_cast<size_t>(s.out));
  simd::table().add_rows_to_sums(s.n, s.out, grad_y, sums.data());
  std::ranges::transform(sums, grad_bias, [](double sum) { return static_cast<float>(sum); });
}

}  // namespace tinynn::kernels
