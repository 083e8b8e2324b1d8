// The gradient of the input by the way back of im2col: the transposed weight (c/g*kh*kw, o/g) times a
// sample's grad_y (o/g, positions), then each product added to the pixel that its window element saw.
#include <algorithm>
#include <vector>

#include <tinynn/core/buffer.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/conv2d_paths.hpp>
#include <tinynn/kernels/im2col.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/kernels/sparse.hpp>

namespace tinynn::kernels::by_gemm {
namespace {

// The rows of grad_y, each `pitch` long, in vectors. A vector has to fit into a row, so short rows are filled
// up.
struct Rows {
  int64_t positions, lanes, pitch;
  std::vector<int64_t> start, offset;  // of vectors in a row, of rows

  Rows(int64_t outputs, int64_t count, int64_t width)
      : positions(count), lanes(width), pitch(std::max(count, width)) {
    for (int64_t i = 0; i < positions; i += lanes) start.push_back(std::min(i, pitch - lanes));
    for (int64_t o = 0; o < outputs; ++o) offset.push_back(o * pitch);
  }
  simd::Places places() const {
    return {.terms = std::ssize(offset),
            .vectors = std::ssize(start),
            .offsets = offset.data(),
            .from = start.data(),
            .to = start.data(),
            .used = std::min(lanes, positions)};
  }
  const float* filled(const float* grad_y, float* scratch) const {
    if (pitch == positions) return grad_y;
    for (size_t o = 0; o < offset.size(); ++o)
      std::copy_n(grad_y + static_cast<int64_t>(o) * positions, positions, scratch + offset[o]);
    return scratch;
  }
};

// Per group, the transposed weight as correlate reads it.
Buffer packed_transpose(const simd::Table& table, int64_t groups, int64_t outputs, int64_t depth,
                        const float* weight) {
  const int64_t size = outputs * depth;
  const Buffer transposed(size), packed(groups * size);
  for (int64_t group = 0; group < groups; ++group) {
    table.transpose(outputs, depth, weight + group * size, depth, transposed.data(), outputs);
    table.pack(depth, outputs, transposed.data(), packed.data() + group * size);
  }
  return packed;
}

}  // namespace

void conv2d_backward_input(const Conv2dSizes& s, const float* grad_y, const float* weight, float* grad_x,
                           const SparsePattern* live) {
  const simd::Table& table = simd::table();
  const int64_t channels = s.c / s.groups, outputs = s.o / s.groups, depth = channels * s.kh * s.kw;
  const Rows rows(outputs, s.oh() * s.ow(), table.lanes);
  const simd::Places places = rows.places();
  const Buffer packed =
      live == nullptr ? packed_transpose(table, s.groups, outputs, depth, weight) : Buffer();
  const LiveElements elements = live == nullptr ? LiveElements() : live_columns(*live, weight, rows.pitch);
  parallel_for(s.n, conv2d_samples_per_chunk(s.n), [&](int64_t begin, int64_t end) {
    const Buffer columns(depth * rows.positions), scratch(outputs * rows.pitch);
    for (int64_t i = begin * s.groups; i < end * s.groups; ++i) {
      const float* in = rows.filled(grad_y + i * outputs * rows.positions, scratch.data());
      if (live == nullptr) {
        table.correlate(places, depth, in, packed.data() + i % s.groups * outputs * depth, nullptr,
                        columns.data(), rows.positions);
      } else {
        table.sparse_rows(0, depth, live->column_begin.data(), elements.offset.data(), elements.values.data(),
                          nullptr, places, in, columns.data(), rows.positions);
      }
      col2im(s, channels, columns.data(), grad_x + i * channels * s.h * s.w);
    }
  });
}

}  // namespace tinynn::kernels::by_gemm
