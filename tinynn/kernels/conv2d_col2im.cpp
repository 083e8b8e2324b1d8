// The gradient of the input by the way back of im2col: the transposed weight (c/g*kh*kw, o/g) times a
// sample's grad_y (o/g, positions), then each product added to the pixel that its window element saw.
#include <algorithm>
#include <optional>

#include <tinynn/core/buffer.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/conv2d_paths.hpp>
#include <tinynn/kernels/im2col.hpp>
#include <tinynn/kernels/row_vectors.hpp>
#include <tinynn/kernels/sparse.hpp>

namespace tinynn::kernels::by_gemm {
namespace {

// grad_y (outputs, positions) as the rows of these vectors.
const float* in_rows(const RowVectors& vectors, int64_t outputs, int64_t positions, const float* grad_y,
                     float* scratch) {
  if (vectors.pitch() == positions) return grad_y;
  for (int64_t o = 0; o < outputs; ++o)
    std::copy_n(grad_y + o * positions, positions, scratch + o * vectors.pitch());
  return scratch;
}

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
  const int64_t positions = s.oh() * s.ow();
  const RowVectors vectors(outputs, positions);
  const simd::Places places = vectors.places(positions);
  const Buffer packed =
      live == nullptr ? packed_transpose(table, s.groups, outputs, depth, weight) : Buffer();
  std::optional<LiveElements> elements;
  if (live != nullptr) {
    elements.emplace(live->by_columns(), weight, [&](int64_t, int64_t o) { return o * vectors.pitch(); });
  }
  parallel_for(s.n, s.samples_per_chunk(), [&](int64_t begin, int64_t end) {
    const Buffer columns(depth * positions), scratch(outputs * vectors.pitch());
    for (int64_t i = begin * s.groups; i < end * s.groups; ++i) {
      const float* in =
          in_rows(vectors, outputs, positions, grad_y + i * outputs * positions, scratch.data());
      if (live == nullptr) {
        table.correlate(places, depth, in, packed.data() + i % s.groups * outputs * depth, nullptr,
                        columns.data(), positions);
      } else {
        table.sparse_rows(elements->rows(0, depth), nullptr, places, in, columns.data(), positions);
      }
      col2im(s, channels, columns.data(), grad_x + i * channels * s.h * s.w);
    }
  });
}

}  // namespace tinynn::kernels::by_gemm
