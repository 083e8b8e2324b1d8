#include <algorithm>
#include <vector>

#include <tinynn/core/buffer.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/conv2d_paths.hpp>
#include <tinynn/kernels/conv_layout.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/kernels/sparse.hpp>

namespace tinynn::kernels::direct {
namespace {

// A convolution as ConvLayout sees it; `channels` and `outputs` are those of one group.
struct Convolution {
  int64_t n, groups, channels, outputs;
  ConvAxis rows, columns;

  int64_t terms() const { return channels * rows.kernel * columns.kernel; }
  int64_t image() const { return rows.in * columns.in; }
  int64_t positions() const { return rows.out * columns.out; }
};

Convolution forward_convolution(const Conv2dSizes& s) {
  return {.n = s.n,
          .groups = s.groups,
          .channels = s.c / s.groups,
          .outputs = s.o / s.groups,
          .rows = {s.h, s.oh(), s.kh, s.stride, s.dilation, s.padding},
          .columns = {s.w, s.ow(), s.kw, s.stride, s.dilation, s.padding}};
}

// With stride 1, x[p] took part in y[p + padding - k * dilation]: a convolution of grad_y with the kernel
// turned around.
Convolution input_convolution(const Conv2dSizes& s) {
  return {.n = s.n,
          .groups = s.groups,
          .channels = s.o / s.groups,
          .outputs = s.c / s.groups,
          .rows = {s.oh(), s.h, s.kh, 1, s.dilation, s.dilation * (s.kh - 1) - s.padding},
          .columns = {s.ow(), s.w, s.kw, 1, s.dilation, s.dilation * (s.kw - 1) - s.padding}};
}

// The weight of input_convolution: per group (c, o, kh, kw) from (o, c, kh, kw), kernels turned around.
Buffer turned_around(const Conv2dSizes& s, const float* weight) {
  const int64_t c = s.c / s.groups, o = s.o / s.groups, kernel = s.kh * s.kw;
  Buffer result(s.o * c * kernel);
  float* to = result.data();
  for (int64_t group = 0; group < s.groups; ++group, weight += o * c * kernel) {
    for (int64_t j = 0; j < c; ++j) {
      for (int64_t i = 0; i < o; ++i, to += kernel) {
        const float* from = weight + (i * c + j) * kernel;
        std::reverse_copy(from, from + kernel, to);
      }
    }
  }
  return result;
}

Buffer zeros(int64_t count) {
  Buffer result(count);
  std::fill_n(result.data(), count, 0.0F);
  return result;
}

// The live elements of a sparse weight (outputs, terms), row by row.
struct LiveTerms {
  std::vector<int32_t> begin, offset;  // of each row its first element; of each element where its factors lie
  std::vector<float> values;

  void add(int64_t factors_at, float value) {
    offset.push_back(static_cast<int32_t>(factors_at));
    values.push_back(value);
  }
};

LiveTerms forward_terms(const SparsePattern& live, const float* weight, const simd::Places& places) {
  LiveTerms result{.begin = live.row_begin, .offset = {}, .values = {}};
  for (int64_t o = 0, k = 0; o < live.rows; ++o) {
    for (; k < live.row_begin[static_cast<size_t>(o + 1)]; ++k) {
      const int64_t term = live.column_of[static_cast<size_t>(k)];
      result.add(places.offsets[term], weight == nullptr ? 0 : weight[o * live.columns + term]);
    }
  }
  return result;
}

// Of input_convolution, whose rows are channels and whose kernels are turned around.
LiveTerms input_terms(const SparsePattern& live, const float* weight, const simd::Places& places,
                      int64_t kernel) {
  LiveTerms result{.begin = {0}, .offset = {}, .values = {}};
  for (int64_t column = 0; column < live.columns; ++column) {
    const auto at = static_cast<size_t>(column);
    for (int32_t k = live.column_begin[at]; k < live.column_begin[at + 1]; ++k) {
      const int64_t o = live.row_of[static_cast<size_t>(k)];
      result.add(places.offsets[o * kernel + kernel - 1 - column % kernel],
                 weight[o * live.columns + column]);
    }
    if ((column + 1) % kernel == 0) result.begin.push_back(live.column_begin[at + 1]);
  }
  return result;
}

// Calls body(group, x of it in scratch memory, y of it) for each group of each sample.
template <class Body>
void for_each_group(const Convolution& c, const ConvLayout& layout, const float* x, float* y,
                    const Body& body) {
  parallel_for(c.n, conv2d_samples_per_chunk(c.n), [&](int64_t begin, int64_t end) {
    const Buffer scratch = zeros(layout.scratch_size());
    for (int64_t i = begin * c.groups; i < end * c.groups; ++i) {
      layout.fill(x + i * c.channels * c.image(), scratch.data());
      body(i % c.groups, scratch.data(), y + i * c.outputs * c.positions());
    }
  });
}

ConvLayout layout_of(const Convolution& c) { return {c.channels, c.rows, c.columns, simd::table()}; }

void convolve(const Convolution& c, const float* x, const float* weight, const float* bias, float* y) {
  const simd::Table& table = simd::table();
  const ConvLayout layout = layout_of(c);
  const Buffer packed(c.groups * c.outputs * c.terms());
  const int64_t group_size = c.outputs * c.terms();
  for (int64_t group = 0; group < c.groups; ++group) {
    table.pack(c.outputs, c.terms(), weight + group * group_size, packed.data() + group * group_size);
  }
  for_each_group(c, layout, x, y, [&](int64_t group, const float* in, float* out) {
    table.correlate(layout.places(), c.outputs, in, packed.data() + group * group_size,
                    bias == nullptr ? nullptr : bias + group * c.outputs, out, c.positions());
  });
}

void convolve(const Convolution& c, const ConvLayout& layout, const float* x, const LiveTerms& terms,
              const float* bias, float* y) {
  for_each_group(c, layout, x, y, [&](int64_t, const float* in, float* out) {
    simd::table().sparse_rows(0, c.outputs, terms.begin.data(), terms.offset.data(), terms.values.data(),
                              bias, layout.places(), in, out, c.positions());
  });
}

// Adding lanes up takes about as long as the products of 16 vectors: samples of small images share it.
int64_t samples_at_once(int64_t vectors, int64_t samples) {
  return std::clamp<int64_t>(64 / std::max<int64_t>(1, vectors), 1, samples);
}

}  // namespace

void conv2d_forward(const Conv2dSizes& s, const float* x, const float* weight, const float* bias, float* y,
                    const SparsePattern* live) {
  const Convolution c = forward_convolution(s);
  if (live == nullptr) return convolve(c, x, weight, bias, y);
  const ConvLayout layout = layout_of(c);
  convolve(c, layout, x, forward_terms(*live, weight, layout.places()), bias, y);
}

void conv2d_backward_input(const Conv2dSizes& s, const float* grad_y, const float* weight, float* grad_x,
                           const SparsePattern* live) {
  const Convolution c = input_convolution(s);
  if (live != nullptr) {
    const ConvLayout layout = layout_of(c);
    const auto terms = input_terms(*live, weight, layout.places(), s.kh * s.kw);
    return convolve(c, layout, grad_y, terms, nullptr, grad_x);
  }
  const Buffer turned = turned_around(s, weight);
  convolve(c, grad_y, turned.data(), nullptr, grad_x);
}

void conv2d_backward_weight(const Conv2dSizes& s, const float* grad_y, const float* x, float* grad_weight,
                            const SparsePattern* live) {
  const Convolution c = forward_convolution(s);
  const simd::Table& table = simd::table();
  const int64_t grain = conv2d_samples_per_chunk(s.n), chunks = (s.n + grain - 1) / grain;
  const int64_t vectors = ConvLayout(0, c.rows, c.columns, table).vectors();
  const int64_t together = samples_at_once(vectors, grain);
  const ConvLayout layout(c.channels, c.rows, c.columns, table, together);
  const int64_t sample = layout.vectors() * table.lanes, stride = together * sample;
  const auto terms = live == nullptr ? LiveTerms() : forward_terms(*live, nullptr, layout.places());
  const int64_t size = live == nullptr ? s.o * c.terms() : live->count();
  const Buffer partial = zeros(chunks * size);
  parallel_for(s.n, grain, [&](int64_t begin, int64_t end) {
    const Buffer scratch = zeros(layout.scratch_size()), spread(c.outputs * stride);
    float* sums = partial.data() + begin / grain * size;
    for (int64_t n = begin; n < end; n += together) {
      const int64_t samples = std::min(together, end - n);
      for (int64_t group = 0; group < c.groups; ++group) {
        for (int64_t k = 0; k < samples; ++k) {
          const int64_t i = (n + k) * c.groups + group;
          layout.fill(x + i * c.channels * c.image(), scratch.data(), k);
          for (int64_t o = 0; o < c.outputs; ++o) {
            table.spread(layout.places(), grad_y + (i * c.outputs + o) * c.positions(),
                         spread.data() + o * stride + k * sample);
          }
        }
        if (live != nullptr) {
          table.sparse_dots(0, c.outputs, terms.begin.data(), terms.offset.data(), layout.places(samples),
                            spread.data(), stride, scratch.data(), sums);
        } else {
          table.dot_products(layout.places(samples), c.outputs, scratch.data(), spread.data(), stride,
                             sums + group * c.outputs * c.terms());
        }
      }
    }
  });
  if (live != nullptr) return add_chunks(*live, chunks, partial.data(), grad_weight);
  std::fill_n(grad_weight, size, 0.0F);
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    const float* sum = partial.data() + chunk * size;
    for (int64_t i = 0; i < size; ++i) grad_weight[i] += sum[i];
  }
}

}  // namespace tinynn::kernels::direct
