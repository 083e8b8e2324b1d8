// The gradient of the weight directly: dot products of grad_y with x as ConvLayout lays it out.
#include <algorithm>
#include <optional>

#include <tinynn/core/buffer.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/conv2d_kernel.hpp>
#include <tinynn/kernels/conv2d_paths.hpp>

namespace tinynn::kernels::direct {
namespace {

Buffer zeros(int64_t count) {
  Buffer result(count);
  std::fill_n(result.data(), count, 0.0F);
  return result;
}

// Adding lanes up takes about as long as the products of 16 vectors: samples of small images share it.
int64_t samples_at_once(Conv2dSizes s, int64_t samples) {
  s.c = 0;
  return std::clamp<int64_t>(64 / std::max<int64_t>(1, ConvLayout(s).vectors()), 1, samples);
}

}  // namespace

void conv2d_backward_weight(const Conv2dSizes& s, const float* grad_y, const float* x, float* grad_weight,
                            const SparsePattern* live) {
  const simd::Table& table = simd::table();
  const int64_t channels = s.c / s.groups, outputs = s.o / s.groups, positions = s.oh() * s.ow();
  const int64_t grain = s.samples_per_chunk(), chunks = (s.n + grain - 1) / grain;
  const int64_t together = samples_at_once(s, grain);
  const ConvLayout layout(s, together);
  const simd::Places places = layout.places();
  const int64_t sample = places.vectors * table.lanes, stride = together * sample;
  std::optional<LiveElements> elements;
  if (live != nullptr) {
    elements.emplace(live->by_rows(), nullptr, [&](int64_t, int64_t term) { return places.offsets[term]; });
  }
  const int64_t size = live == nullptr ? s.o * places.terms : live->count();
  const Buffer partial = zeros(chunks * size);
  parallel_for(s.n, grain, [&](int64_t begin, int64_t end) {
    const Buffer scratch = zeros(layout.scratch_size()), spread(outputs * stride);
    float* sums = partial.data() + begin / grain * size;
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
  add_chunks(chunks, size, partial.data(), grad_weight);
}

}  // namespace tinynn::kernels::direct
