#include <vector>

#include <tinynn/kernels/strided.hpp>

namespace tinynn::kernels {
namespace {

// y (rows, columns) = the transpose of x, whose columns lie `stride` apart, in tiles that fit the cache.
void transpose_tiles(int64_t rows, int64_t columns, int64_t stride, const float* x, float* y) {
  constexpr int64_t tile = 16;
  for (int64_t top = 0; top < rows; top += tile) {
    const int64_t bottom = std::min(rows, top + tile);
    for (int64_t left = 0; left < columns; left += tile) {
      const int64_t right = std::min(columns, left + tile);
      for (int64_t r = top; r < bottom; ++r) {
        for (int64_t c = left; c < right; ++c) y[r * columns + c] = x[c * stride + r];
      }
    }
  }
}

}  // namespace

Strided::Strided(const Shape& shape, const Strides& a, const Strides& b) : count_(shape.numel()) {
  for (size_t d = 0; d < static_cast<size_t>(shape.rank()); ++d) {
    const int64_t size = shape.begin()[d];
    if (size == 1) continue;
    const auto before = static_cast<size_t>(rank_) - 1;
    if (rank_ > 0 && a_[before] == size * a[d] && b_[before] == size * b[d]) {
      size_[before] *= size;
      a_[before] = a[d];
      b_[before] = b[d];
      continue;
    }
    const auto next = static_cast<size_t>(rank_++);
    size_[next] = size;
    a_[next] = a[d];
    b_[next] = b[d];
  }
  if (rank_ == 0) size_[rank_++] = 1;
}

Strided::Strides broadcast_strides(const Shape& from, const Shape& to) {
  Strided::Strides strides{};
  int64_t stride = 1;
  for (int64_t d = from.rank() - 1, at = to.rank() - 1; d >= 0; --d, --at) {
    if (from[d] != 1) strides[at] = stride;
    stride *= from[d];
  }
  return strides;
}

void gather(const Strided& walk, const float* x, float* y) {
  const int64_t rows = walk.rank() > 1 ? walk.size(1) : 1, columns = walk.size(0);
  const int64_t step = walk.stride_a(0);
  if (walk.rank() > 1 && walk.stride_a(1) == 1 && step > 1 && walk.count() > 0) {
    // A stack of transposed matrices, in pieces of whole rows.
    const int64_t grain = std::max<int64_t>(1, pointwise_grain / columns);
    const int64_t pieces = (rows + grain - 1) / grain;
    parallel_chunks(walk.count() / (rows * columns) * pieces, [&](int64_t chunk) {
      const int64_t top = chunk % pieces * grain, height = std::min(grain, rows - top);
      const int64_t begin = (chunk / pieces * rows + top) * columns;
      walk.rows(begin, begin + 1, [&](int64_t, int64_t, int64_t offset, int64_t) {
        transpose_tiles(height, columns, step, x + offset, y + begin);
      });
    });
    return;
  }
  parallel_for(walk.count(), pointwise_grain, [&](int64_t begin, int64_t end) {
    walk.rows(begin, end, [=](int64_t i, int64_t length, int64_t offset, int64_t) {
      if (step == 1) {
        std::copy_n(x + offset, length, y + i);
      } else {
        for (int64_t j = 0; j < length; ++j) y[i + j] = x[offset + j * step];
      }
    });
  });
}

void sum(const Strided& walk, const float* x, double scale, int64_t count_y, float* y) {
  // Pieces of x sum into arrays of their own, added up in order; no more of them than that is worth.
  const int64_t pieces = std::clamp<int64_t>(walk.count() / std::max(pointwise_grain, 4 * count_y), 1, 16);
  const int64_t grain = (walk.count() + pieces - 1) / pieces;
  std::vector<double> sums(static_cast<size_t>(pieces * count_y));
  parallel_chunks(pieces, [&](int64_t piece) {
    double* into = sums.data() + piece * count_y;
    const int64_t begin = piece * grain, end = std::min(walk.count(), begin + grain);
    const int64_t step = walk.stride_a(0);
    walk.rows(begin, end, [=](int64_t i, int64_t length, int64_t offset, int64_t) {
      if (step == 0) {
        into[offset] += sum_in_lanes(length, [=](int64_t j) { return x[i + j]; });
      } else {
        for (int64_t j = 0; j < length; ++j) into[offset + j * step] += static_cast<double>(x[i + j]);
      }
    });
  });
  for (int64_t j = 0; j < count_y; ++j) {
    double total = 0;
    for (int64_t piece = 0; piece < pieces; ++piece) total += sums[piece * count_y + j];
    y[j] = static_cast<float>(total * scale);
  }
}

}  // namespace tinynn::kernels
