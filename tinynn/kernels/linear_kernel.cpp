#include <algorithm>

#include <tinynn/kernels/linear_kernel.hpp>
#include <tinynn/kernels/window.hpp>

namespace tinynn::kernels {

LinearKernel::LinearKernel(int64_t rows, int64_t columns, const float* weight, int64_t length)
    : rows_(rows), vectors_(columns, length), packed_(rows * columns) {
  table_.pack(rows, columns, weight, packed_.data());
}

LinearKernel::LinearKernel(const SparsePattern::Lines& lines, const float* weight, int64_t length)
    : rows_(lines.count), vectors_(0, length), live_(std::in_place, lines, weight, pitch()) {}

void LinearKernel::operator()(int64_t samples, const float* x, const float* bias, float* y) const {
  const simd::Places places = vectors_.places(samples);
  if (!live_) return table_.correlate(places, rows_, x, packed_.data(), bias, y, vectors_.length());
  for_row_pieces(rows_, live_->count(), [&](int64_t begin, int64_t end) {
    table_.sparse_rows(live_->rows(begin, end), bias, places, x, y, vectors_.length());
  });
}

// Numbers of a weight, each of which is read once: the caches of two cores give them twice as fast.
constexpr int64_t worth_a_thread = 1 << 16;

LinearSampleKernel::LinearSampleKernel(int64_t rows, int64_t columns, const float* weight)
    : rows_(rows),
      columns_(columns),
      vectors_(1, round_up(columns, table_.lanes)),
      padded_(Buffer::zeros(rows * vectors_.pitch())) {
  table_.copy_rows(rows, columns, weight, columns, 1, padded_.data(), vectors_.pitch());
}

LinearSampleKernel::LinearSampleKernel(const SparsePattern::Lines& lines, const float* weight)
    : rows_(lines.count),
      columns_(lines.size),
      vectors_(0, 0),
      live_(std::in_place, lines, weight, int64_t{1}) {}

void LinearSampleKernel::operator()(const float* x, const float* bias, float* scratch, float* y) const {
  if (!live_) {
    if (scratch_size() > 0) {  // what is read beyond x has to be zero, as what it is multiplied with
      std::copy_n(x, columns_, scratch);
      x = scratch;
    }
    std::copy_n(bias, rows_, y);
    const simd::Places places = vectors_.places(columns_);
    const int64_t pieces = std::clamp<int64_t>(rows_ * columns_ / worth_a_thread, 1, 8);
    return parallel_chunks(pieces, [&, pitch = vectors_.pitch()](int64_t piece) {
      const int64_t begin = rows_ * piece / pieces, end = rows_ * (piece + 1) / pieces;
      table_.dot_products(places, end - begin, x, padded_.data() + begin * pitch, pitch, y + begin);
    });
  }
  // A single sample has no vectors to multiply with one weight.
  const int32_t* offset = live_->offset.data();
  const float* value = live_->values.data();
  for (int64_t row = 0; row < rows_; ++row) {
    float sum[2] = {bias[row], 0};
    int64_t k = live_->begin.data()[row];
    const int64_t end = live_->begin.data()[row + 1];
    for (; k + 1 < end; k += 2) {
      sum[0] += value[k] * x[offset[k]];
      sum[1] += value[k + 1] * x[offset[k + 1]];
    }
    if (k < end) sum[0] += value[k] * x[offset[k]];
    y[row] = sum[0] + sum[1];
  }
}

}  // namespace tinynn::kernels
