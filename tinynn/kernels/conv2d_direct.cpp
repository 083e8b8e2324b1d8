#include <algorithm>
#include <vector>

#include <tinynn/core/buffer.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/conv2d_paths.hpp>
#include <tinynn/kernels/conv_layout.hpp>
#include <tinynn/kernels/simd/isa.hpp>

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

void convolve(const Convolution& c, const float* x, const float* weight, const float* bias, float* y) {
  const simd::Table& table = simd::table();
  const ConvLayout layout(c.channels, c.rows, c.columns, table);
  const simd::Places places = layout.places();
  const Buffer packed(c.groups * c.outputs * c.terms());
  const int64_t group_size = c.outputs * c.terms();
  for (int64_t group = 0; group < c.groups; ++group) {
    table.pack(c.outputs, c.terms(), weight + group * group_size, packed.data() + group * group_size);
  }
  parallel_for(c.n, conv2d_samples_per_chunk(c.n), [&](int64_t begin, int64_t end) {
    const Buffer scratch = zeros(layout.scratch_size());
    for (int64_t i = begin * c.groups; i < end * c.groups; ++i) {  // a group of a sample
      const int64_t group = i % c.groups;
      layout.fill(x + i * c.channels * c.image(), scratch.data());
      table.correlate(places, c.outputs, scratch.data(), packed.data() + group * group_size,
                      bias == nullptr ? nullptr : bias + group * c.outputs, y + i * c.outputs * c.positions(),
                      c.positions());
    }
  });
}

// Adding lanes up takes about as long as the products of 16 vectors: samples of small images share it.
int64_t samples_at_once(int64_t vectors, int64_t samples) {
  return std::clamp<int64_t>(64 / std::max<int64_t>(1, vectors), 1, samples);
}

}  // namespace

void conv2d_forward(const Conv2dSizes& s, const float* x, const float* weight, const float* bias, float* y) {
  convolve(forward_convolution(s), x, weight, bias, y);
}

void conv2d_backward_input(const Conv2dSizes& s, const float* grad_y, const float* weight, float* grad_x) {
  const Buffer turned = turned_around(s, weight);
  convolve(input_convolution(s), grad_y, turned.data(), nullptr, grad_x);
}

void conv2d_backward_weight(const Conv2dSizes& s, const float* grad_y, const float* x, float* grad_weight) {
  const Convolution c = forward_convolution(s);
  const simd::Table& table = simd::table();
  const int64_t grain = conv2d_samples_per_chunk(s.n), chunks = (s.n + grain - 1) / grain;
  const int64_t vectors = ConvLayout(0, c.rows, c.columns, table).vectors();
  const int64_t together = samples_at_once(vectors, grain);
  const ConvLayout layout(c.channels, c.rows, c.columns, table, together);
  const int64_t sample = layout.vectors() * table.lanes, stride = together * sample;
  const int64_t size = s.o * c.terms();
  const Buffer partial = zeros(chunks * size);
  parallel_for(s.n, grain, [&](int64_t begin, int64_t end) {
    const Buffer scratch = zeros(layout.scratch_size()), spread(c.outputs * stride);
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
        table.dot_products(layout.places(samples), c.outputs, scratch.data(), spread.data(), stride,
                           partial.data() + begin / grain * size + group * c.outputs * c.terms());
      }
    }
  });
  std::fill_n(grad_weight, size, 0.0F);
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    const float* sum = partial.data() + chunk * size;
    for (int64_t i = 0; i < size; ++i) grad_weight[i] += sum[i];
  }
}

}  // namespace tinynn::kernels::direct
