// Convolution as matrix products: im2col lays every window of one sample out as a column, so that a sample's
// output is weight (o, c/g*kh*kw) times columns.
#include <algorithm>

#include <tinynn/core/buffer.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/conv2d_paths.hpp>
#include <tinynn/kernels/gemm.hpp>
#include <tinynn/kernels/im2col.hpp>
#include <tinynn/kernels/sparse.hpp>

namespace tinynn::kernels::by_gemm {
namespace {

// Sizes of one group's matrix product: weight (outputs, depth) * columns (depth, positions).
struct GroupSizes {
  explicit GroupSizes(const Conv2dSizes& s)
      : channels(s.c / s.groups),
        outputs(s.o / s.groups),
        depth(channels * s.kh * s.kw),
        positions(s.oh() * s.ow()),
        // A 1x1 window that is neither strided nor padded sees the image as it lies in memory.
        copy(s.kh != 1 || s.kw != 1 || s.stride != Size2(1) || s.padding != Padding2d(0)) {}
  int64_t channels, outputs, depth, positions;
  bool copy;
  Buffer scratch() const { return copy ? Buffer(depth * positions) : Buffer(); }
};

// Calls body(sample, group, image of the group, output of the group) for every sample and group in a chunk.
template <class Body>
void for_each_group(const Conv2dSizes& s, const GroupSizes& g, int64_t begin, int64_t end, const Body& body) {
  for (int64_t n = begin; n < end; ++n) {
    for (int64_t group = 0; group < s.groups; ++group) {
      body(group, (n * s.c + group * g.channels) * s.h * s.w, (n * s.o + group * g.outputs) * g.positions);
    }
  }
}

const float* columns_of(const Conv2dSizes& s, const GroupSizes& g, const float* x, const Buffer& scratch) {
  if (!g.copy) return x;
  im2col(s, g.channels, x, scratch.data());
  return scratch.data();
}

}  // namespace

void conv2d_forward(const Conv2dSizes& s, const float* x, const float* weight, const float* bias, float* y) {
  const GroupSizes g(s);
  parallel_for(s.n, s.samples_per_chunk(), [&](int64_t begin, int64_t end) {
    const Buffer scratch = g.scratch();
    for_each_group(s, g, begin, end, [&](int64_t group, int64_t x_at, int64_t y_at) {
      float* out = y + y_at;
      for (int64_t o = 0; bias != nullptr && o < g.outputs; ++o) {
        std::fill_n(out + o * g.positions, g.positions, bias[group * g.outputs + o]);
      }
      gemm(g.outputs, g.positions, g.depth, weight + group * g.outputs * g.depth, Layout::plain,
           columns_of(s, g, x + x_at, scratch), Layout::plain, out, bias != nullptr);
    });
  });
}

void conv2d_backward_weight(const Conv2dSizes& s, const float* grad_y, const float* x, float* grad_weight) {
  const GroupSizes g(s);
  const int64_t size = s.o * g.depth;
  const int64_t grain = s.samples_per_chunk();
  const int64_t chunks = (s.n + grain - 1) / grain;
  const Buffer partial(chunks * size);
  std::fill_n(partial.data(), chunks * size, 0.0F);
  parallel_for(s.n, grain, [&](int64_t begin, int64_t end) {
    const Buffer scratch = g.scratch();
    float* sum = partial.data() + begin / grain * size;
    for_each_group(s, g, begin, end, [&](int64_t group, int64_t x_at, int64_t y_at) {
      gemm(g.outputs, g.depth, g.positions, grad_y + y_at, Layout::plain, columns_of(s, g, x + x_at, scratch),
           Layout::transposed, sum + group * g.outputs * g.depth, true);
    });
  });
  add_chunks(chunks, size, partial.data(), grad_weight);
}

}  // namespace tinynn::kernels::by_gemm
