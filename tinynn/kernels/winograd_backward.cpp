#include <algorithm>

#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/kernels/winograd.hpp>

namespace tinynn::kernels {
namespace {

constexpr int64_t numbers = WinogradTiles::numbers, together = WinogradTiles::together;
constexpr int64_t gathered = 16;  // tiles that are multiplied at once where that reads and writes all sums

}  // namespace

// Of a tile's numbers, the gradients are those of the results, transformed, times the weight, with the roles
// of its channels and outputs exchanged; tiles overlap, so what comes of them is added up.
void winograd_backward_input(const Conv2dSizes& s, const float* grad_y, const float* weight, float* grad_x) {
  const simd::Table& table = simd::table();
  const WinogradTiles tiles(s);
  const int64_t channels = round_up(s.c, table.lanes), outputs = round_up(s.o, table.lanes);
  const int64_t in = s.h * s.w, out = s.oh() * s.ow(), kernel = s.kh * s.kw;
  const Buffer u(numbers * s.o * channels), transposed = Buffer::zeros(kernel * channels);
  for (int64_t o = 0; o < s.o; ++o) {
    table.transpose(s.c, kernel, weight + o * s.c * kernel, kernel, transposed.data(), channels);
    table.winograd_weights(s.kh, channels, transposed.data(), channels, u.data() + o * channels,
                           s.o * channels);
  }
  parallel_for(s.n, s.samples_per_chunk(), [&](int64_t begin, int64_t end) {
    const Buffer results = Buffer::zeros(outputs * (1 + out)), pixels(channels * (1 + in)),
                 g(numbers * together * outputs), v(numbers * together * channels);
    for (int64_t n = begin; n < end; ++n) {
      table.transpose(s.o, out, grad_y + n * s.o * out, out, results.data() + outputs, outputs);
      std::fill_n(pixels.data(), channels * (1 + in), 0.0F);
      for (int64_t first = 0; first < tiles.count(); first += together) {
        const int64_t count = std::min(together, tiles.count() - first);
        int64_t places[numbers];
        for (int64_t i = 0; i < count; ++i) {
          tiles.list_results(first + i, outputs, places);
          table.winograd_gradient(s.kh, outputs, results.data(), places, g.data() + i * outputs,
                                  together * outputs);
        }
        const simd::Product product{count, s.o, channels, outputs, 1, channels, false};
        for (int64_t k = 0; k < numbers; ++k) {
          table.multiply(product, g.data() + k * together * outputs, u.data() + k * s.o * channels,
                         v.data() + k * together * channels);
        }
        for (int64_t i = 0; i < count; ++i) {
          tiles.list_inputs(first + i, channels, places);
          table.winograd_grad_input(channels, v.data() + i * channels, together * channels, places,
                                    pixels.data());
        }
      }
      table.transpose(in, s.c, pixels.data() + channels, channels, grad_x + n * s.c * in, in);
    }
  });
}

bool winograd_fills(const Conv2dSizes& s) {
  return s.samples_per_weight_chunk() * WinogradTiles(s).count() >= gathered;
}

// In the space of the transforms, the gradient of each of a kernel's numbers is the sum over tiles of the
// input's number times that of the gradient of the results.
void winograd_backward_weight(const Conv2dSizes& s, const float* grad_y, const float* x, float* grad_weight) {
  const simd::Table& table = simd::table();
  const WinogradTiles tiles(s);
  const int64_t channels = round_up(s.c, table.lanes), outputs = round_up(s.o, table.lanes);
  const int64_t in = s.h * s.w, out = s.oh() * s.ow(), kernel = s.kh * s.kw;
  const auto add_samples = [&](int64_t begin, int64_t end, float* grad) {
    const Buffer pixels = Buffer::zeros(channels * (1 + in)), results = Buffer::zeros(outputs * (1 + out)),
                 sums = Buffer::zeros(numbers * s.c * outputs), back(kernel * s.c * outputs),
                 v(numbers * gathered * channels), g(numbers * gathered * outputs);
    int64_t filled = 0;
    const auto multiply = [&] {
      const simd::Product product{s.c, filled, outputs, 1, channels, outputs, true};
      for (int64_t k = 0; k < numbers; ++k) {
        table.multiply(product, v.data() + k * gathered * channels, g.data() + k * gathered * outputs,
                       sums.data() + k * s.c * outputs);
      }
      filled = 0;
    };
    for (int64_t n = begin; n < end; ++n) {
      table.transpose(s.c, in, x + n * s.c * in, in, pixels.data() + channels, channels);
      table.transpose(s.o, out, grad_y + n * s.o * out, out, results.data() + outputs, outputs);
      for (int64_t tile = 0; tile < tiles.count(); ++tile) {
        int64_t places[numbers];
        tiles.list_inputs(tile, channels, places);
        table.winograd_input(channels, pixels.data(), places, v.data() + filled * channels,
                             gathered * channels);
        tiles.list_results(tile, outputs, places);
        table.winograd_gradient(s.kh, outputs, results.data(), places, g.data() + filled * outputs,
                                gathered * outputs);
        if (++filled == gathered) multiply();
      }
    }
    multiply();
    for (int64_t c = 0; c < s.c; ++c) {
      table.winograd_grad_weight(s.kh, outputs, sums.data() + c * outputs, s.c * outputs,
                                 back.data() + c * kernel * outputs, outputs);
    }
    table.transpose(kernel * s.c, s.o, back.data(), outputs, grad, kernel * s.c);
  };
  sum_chunks(s.n, s.samples_per_weight_chunk(), s.o * s.c * kernel, grad_weight, add_samples);
}

}  // namespace tinynn::kernels
