#include <algorithm>
#include <optional>

#include <tinynn/core/buffer.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/conv2d_gemm.hpp>
#include <tinynn/kernels/conv2d_kernel.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/kernels/sparse.hpp>

namespace tinynn::kernels {
namespace {

// Direct convolution measured faster than im2col and a matrix product on the layers of our models, whole and
// pruned, but for images of so few pixels that most lanes of a vector are empty, for sums over so few
// positions that adding up lanes is most of their work, and for the gradient of the input through kernels of
// more than 3x3 with many channels, unless they are pruned and the image keeps its size, or nearly empty:
// then the gradient has hardly more products than the convolution. It does not know the gradient of a strided
// input.
constexpr int64_t fewest_results = 4;

bool forward_directly(const Conv2dSizes& s) { return s.oh() * s.ow() >= fewest_results; }

bool backward_input_directly(const Conv2dSizes& s, const SparsePattern* live) {
  const bool small_kernel = s.kh * s.kw <= 9, few_channels = s.c * s.o / s.groups <= 256;
  const bool same_size = live != nullptr && 2 * s.h * s.w <= 3 * s.oh() * s.ow();
  const bool nearly_empty = live != nullptr && 10 * live->count() < live->rows * live->columns;
  return s.stride == Size2(1) && s.h * s.w >= fewest_results &&
         (small_kernel || few_channels || same_size || nearly_empty);
}

bool backward_weight_directly(const Conv2dSizes& s) {
  return s.samples_per_weight_chunk() * s.oh() * s.ow() >= 64;
}

// Adding lanes up takes about as long as the products of 16 vectors: samples of small images share it.
int64_t samples_at_once(Conv2dSizes s, int64_t samples) {
  s.c = 0;
  return std::clamp<int64_t>(64 / std::max<int64_t>(1, ConvLayout(s).vectors()), 1, samples);
}

// Dot products of grad_y with x as ConvLayout lays it out.
void backward_weight_direct(const Conv2dSizes& s, const float* grad_y, const float* x, float* grad_weight,
                            const SparsePattern* live) {
  const simd::Table& table = simd::table();
  const int64_t channels = s.c / s.groups, outputs = s.o / s.groups, positions = s.oh() * s.ow();
  const int64_t grain = s.samples_per_weight_chunk(), together = samples_at_once(s, grain);
  const ConvLayout layout(s, together);
  const simd::Places places = layout.places();
  const int64_t sample = places.vectors * table.lanes, stride = together * sample;
  std::optional<LiveElements> elements;
  if (live != nullptr) {
    elements.emplace(live->by_rows(), nullptr, [&](int64_t, int64_t term) { return places.offsets[term]; });
  }
  const int64_t size = live == nullptr ? s.o * places.terms : live->count();
  sum_chunks(s.n, grain, size, grad_weight, [&](int64_t begin, int64_t end, float* sums) {
    const Buffer scratch = Buffer::zeros(layout.scratch_size()), spread(outputs * stride);
    for (int64_t n = begin; n < end; n += together) {
      const int64_t samples = std::min(together, end - n);
      for (int64_t group = 0; group < s.groups; ++group) {
        for (int64_t k = 0; k < samples; ++k) {
          const int64_t i = (n + k) * s.groups + group;
          layout.fill(x + i * channels * s.h * s.w, scratch.data(), k);
          for (int64_t o = 0; o < outputs; ++o) {
            table.spread(places, grad_y + (i * outputs + o) * positions,
                         spread.data() + o * stride + k * sample);
          }
        }
        if (live != nullptr) {
          table.sparse_dots(elements->rows(0, outputs), layout.places(samples), spread.data(), stride,
                            scratch.data(), sums);
        } else {
          table.dot_products(layout.places(samples), outputs, scratch.data(), spread.data(), stride,
                             sums + group * outputs * places.terms);
        }
      }
    }
  });
}

}  // namespace

void conv2d_forward(const Conv2dSizes& s, const float* x, const float* weight, const float* bias, float* y,
                    const SparsePattern* live) {
  if (!forward_directly(s)) return by_gemm::conv2d_forward(s, x, weight, bias, y);
  Conv2dKernel(s, weight, live)(x, bias, y);
}

void conv2d_backward_input(const Conv2dSizes& s, const float* grad_y, const float* weight, float* grad_x,
                           const SparsePattern* live) {
  if (live == nullptr && s.kh == 5 && winograd_suits(s))
    return winograd_backward_input(s, grad_y, weight, grad_x);
  if (!backward_input_directly(s, live))
    return by_gemm::conv2d_backward_input(s, grad_y, weight, grad_x, live);
  Conv2dKernel::backward_input(s, weight, live)(grad_y, nullptr, grad_x);
}

void conv2d_backward_weight(const Conv2dSizes& s, const float* grad_y, const float* x, float* grad_weight,
                            const SparsePattern* live) {
  if (live == nullptr && winograd_suits(s) && winograd_fills(s))
    return winograd_backward_weight(s, grad_y, x, grad_weight);
  if (live == nullptr && !backward_weight_directly(s))
    return by_gemm::conv2d_backward_weight(s, grad_y, x, grad_weight);
  backward_weight_direct(s, grad_y, x, grad_weight, live);
}

void conv2d_backward_bias(const Conv2dSizes& s, const float* grad_y, float* grad_bias) {
  const int64_t positions = s.oh() * s.ow(), each = std::max<int64_t>(1, s.n * positions);
  const simd::Table& table = simd::table();
  parallel_for(s.o, std::max<int64_t>(1, pointwise_grain / each), [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o) {
      double total = 0;
      for (int64_t n = 0; n < s.n; ++n) total += table.sum(positions, grad_y + (n * s.o + o) * positions);
      grad_bias[o] = static_cast<float>(total);
    }
  });
}

}  // namespace tinynn::kernels
