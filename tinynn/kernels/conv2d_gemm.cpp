#include <algorithm>
#include <vector>

#include <tinynn/core/buffer.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/conv2d_gemm.hpp>
#include <tinynn/kernels/gemm.hpp>
#include <tinynn/kernels/linear_kernel.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/kernels/sparse.hpp>

namespace tinynn::kernels {
namespace {

// Where in x (channels, h, w) element (i, j) of result (y, 0) is; it may be in the padding.
int64_t pixel_of(const Conv2dSizes& s, int64_t c, int64_t y, int64_t i, int64_t j) {
  return (c * s.h + s.rows().first(i) + y * s.stride.h) * s.w + s.columns().first(j);
}

// Calls row(at, place, inside) for every row of the columns, which starts `at` there: its results `inside`
// see pixels, the first of the row the one at `place`.
template <class Row>
void for_each_row(const Conv2dSizes& s, int64_t channels, const Row& row) {
  const Inside nothing(0, 1, 0, 0);
  const int64_t oh = s.oh(), ow = s.ow();
  int64_t at = 0;
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t i = 0; i < s.kh; ++i) {
      for (int64_t j = 0; j < s.kw; ++j) {
        const Inside rows = s.rows().inside(i), inside = s.columns().inside(j);
        for (int64_t y = 0; y < oh; ++y, at += ow) {
          row(at, pixel_of(s, c, y, i, j), y >= rows.begin && y < rows.end ? inside : nothing);
        }
      }
    }
  }
}

}  // namespace

void im2col(const Conv2dSizes& s, int64_t channels, const float* x, float* columns) {
  const int64_t step = s.stride.w, ow = s.ow();
  for_each_row(s, channels, [=](int64_t at, int64_t place, const Inside& inside) {
    std::fill_n(columns + at, inside.begin, 0.0F);
    simd::table().copy_rows(1, inside.length(), x + place + inside.begin * step, 0, step,
                            columns + at + inside.begin, 0);
    std::fill_n(columns + at + inside.end, ow - inside.end, 0.0F);
  });
}

void col2im(const Conv2dSizes& s, int64_t channels, const float* columns, float* x) {
  std::fill_n(x, channels * s.h * s.w, 0.0F);
  if (s.stride != Size2(1)) {
    for_each_row(s, channels, [=, step = s.stride.w](int64_t at, int64_t place, const Inside& inside) {
      const float* from = columns + at;
      float* to = x + place;
      for (int64_t k = inside.begin, end = inside.end; k < end; ++k) to[k * step] += from[k];
    });
    return;
  }
  // Elements of one kernel column add up first, as they lie, for their rows follow one another; then their
  // sum is shifted to its place. To add each to pixels of its own would wait for the additions before it.
  const int64_t ow = s.ow(), positions = s.oh() * ow, height = s.h + s.padding.h();
  const Inside rows(-s.padding.top, 1, s.h, height);
  const Buffer sum(height * ow);
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t j = 0; j < s.kw; ++j) {
      std::fill_n(sum.data(), height * ow, 0.0F);
      for (int64_t i = 0; i < s.kh; ++i) {
        simd::table().add_rows(1, positions, columns + ((c * s.kh + i) * s.kw + j) * positions, 0,
                               sum.data() + i * s.dilation.h * ow, 0);
      }
      const Inside range = s.columns().inside(j);
      simd::table().add_rows(rows.length(), range.length(), sum.data() + rows.begin * ow + range.begin, ow,
                             x + pixel_of(s, c, rows.begin, 0, j) + range.begin, s.w);
    }
  }
}

namespace by_gemm {
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
};

// Calls body(group, columns of the group, where its output starts) for every group of samples begin to end.
template <class Body>
void for_each_group(const Conv2dSizes& s, const GroupSizes& g, const float* x, int64_t begin, int64_t end,
                    const Body& body) {
  const Buffer scratch = g.copy ? Buffer(g.depth * g.positions) : Buffer();
  for (int64_t i = begin * s.groups; i < end * s.groups; ++i) {
    const float* columns = x + i * g.channels * s.h * s.w;
    if (g.copy) {
      im2col(s, g.channels, columns, scratch.data());
      columns = scratch.data();
    }
    body(i % s.groups, columns, i * g.outputs * g.positions);
  }
}

}  // namespace

// y = weight times the columns.
void conv2d_forward(const Conv2dSizes& s, const float* x, const float* weight, const float* bias, float* y) {
  const GroupSizes g(s);
  parallel_for(s.n, s.samples_per_chunk(), [&](int64_t begin, int64_t end) {
    for_each_group(s, g, x, begin, end, [&](int64_t group, const float* columns, int64_t y_at) {
      float* out = y + y_at;
      for (int64_t o = 0; bias != nullptr && o < g.outputs; ++o) {
        std::fill_n(out + o * g.positions, g.positions, bias[group * g.outputs + o]);
      }
      gemm(g.outputs, g.positions, g.depth, weight + group * g.outputs * g.depth, Layout::plain, columns,
           Layout::plain, out, bias != nullptr);
    });
  });
}

// grad_weight = grad_y times the columns transposed.
void conv2d_backward_weight(const Conv2dSizes& s, const float* grad_y, const float* x, float* grad_weight) {
  const GroupSizes g(s);
  sum_chunks(s.n, s.samples_per_weight_chunk(), s.o * g.depth, grad_weight,
             [&](int64_t begin, int64_t end, float* sum) {
               for_each_group(s, g, x, begin, end, [&](int64_t group, const float* columns, int64_t y_at) {
                 gemm(g.outputs, g.depth, g.positions, grad_y + y_at, Layout::plain, columns,
                      Layout::transposed, sum + group * g.outputs * g.depth, true);
               });
             });
}

// The gradient of the columns is the weight transposed times grad_y.
void conv2d_backward_input(const Conv2dSizes& s, const float* grad_y, const float* weight, float* grad_x,
                           const SparsePattern* live) {
  const simd::Table& table = simd::table();
  const GroupSizes g(s);
  std::vector<LinearKernel> kernels;  // of each group
  if (live != nullptr) kernels.emplace_back(live->by_columns(), weight, g.positions);
  const Buffer transposed(g.outputs * g.depth);
  for (int64_t at = 0; live == nullptr && at < s.o * g.depth; at += g.outputs * g.depth) {
    table.transpose(g.outputs, g.depth, weight + at, g.depth, transposed.data(), g.outputs);
    kernels.emplace_back(g.depth, g.outputs, transposed.data(), g.positions);
  }
  const int64_t pitch = kernels[0].pitch();
  parallel_for(s.n, s.samples_per_chunk(), [&](int64_t begin, int64_t end) {
    const Buffer columns(g.depth * g.positions), scratch(g.outputs * pitch);
    for (int64_t i = begin * s.groups; i < end * s.groups; ++i) {
      const float* in = grad_y + i * g.outputs * g.positions;
      if (pitch != g.positions) {
        table.copy_rows(g.outputs, g.positions, in, g.positions, 1, scratch.data(), pitch);
        in = scratch.data();
      }
      kernels[i % s.groups](g.positions, in, nullptr, columns.data());
      col2im(s, g.channels, columns.data(), grad_x + i * g.channels * s.h * s.w);
    }
  });
}

}  // namespace by_gemm
}  // namespace tinynn::kernels
