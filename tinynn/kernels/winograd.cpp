#include <algorithm>

#include <tinynn/kernels/sparse.hpp>
#include <tinynn/kernels/winograd.hpp>

namespace tinynn::kernels {
namespace {

constexpr int64_t numbers = 36;   // of a tile
constexpr int64_t together = 8;   // tiles that are transformed before they are multiplied
constexpr int64_t gathered = 16;  // the same where each product reads and writes all sums

int64_t in_tiles(int64_t pixels) { return (pixels + 3) / 4; }

// The pixels of a square, row by row; those outside of an image are the one of zeros.
template <int64_t size>
void list_pixels(int64_t top, int64_t left, int64_t h, int64_t w, int64_t channels, int64_t* places) {
  if (top >= 0 && left >= 0 && top + size <= h && left + size <= w) {
    for (int64_t i = 0; i < size; ++i) {
      const int64_t first = (1 + (top + i) * w + left) * channels;
      for (int64_t j = 0; j < size; ++j) places[i * size + j] = first + j * channels;
    }
    return;
  }
  for (int64_t i = top; i < top + size; ++i) {
    for (int64_t j = left; j < left + size; ++j) {
      const bool inside = i >= 0 && i < h && j >= 0 && j < w;
      *places++ = inside ? (1 + i * w + j) * channels : 0;
    }
  }
}

}  // namespace

// Measured with vectors of 4, 8 and 16: transforms cost as much as 16 lanes of products, lanes without a
// channel are lost, and a square of fewer than 5x5 results leaves too much of its tiles empty.
bool winograd_suits(const Conv2dSizes& s) {
  const bool can = s.kh == 3 && s.kw == 3 && s.stride == Size2(1) && s.dilation == Size2(1) && s.groups == 1;
  const int64_t lanes = simd::table().lanes;
  return can && s.c * s.o >= 16 * lanes && std::min(s.c, s.o) >= std::max<int64_t>(8, lanes * 3 / 4) &&
         std::min(s.oh(), s.ow()) >= 5;
}

WinogradTiles::WinogradTiles(const Conv2dSizes& s)
    : h_(s.h),
      w_(s.w),
      oh_(s.oh()),
      ow_(s.ow()),
      padding_top_(s.padding.top),
      padding_left_(s.padding.left),
      across_(in_tiles(ow_)),
      down_(in_tiles(oh_)) {}

void WinogradTiles::list_inputs(int64_t tile, int64_t channels, int64_t* places) const {
  list_pixels<6>(top(tile) - padding_top_, left(tile) - padding_left_, h_, w_, channels, places);
}

void WinogradTiles::list_results(int64_t tile, int64_t channels, int64_t* places) const {
  list_pixels<4>(top(tile), left(tile), oh_, ow_, channels, places);
}

WinogradKernel::WinogradKernel(const Conv2dSizes& s, const float* weight)
    : s_(s),
      tiles_(s),
      channels_(round_up(s.c, table_.lanes)),
      outputs_(round_up(s.o, table_.lanes)),
      weight_(numbers * s.c * outputs_),
      places_(static_cast<size_t>(tiles_.count() * numbers)) {
  for (int64_t tile = 0; tile < tiles_.count(); ++tile)
    tiles_.list_inputs(tile, channels_, places_.data() + tile * numbers);
  const Buffer transposed = Buffer::zeros(s.c * 9 * outputs_);
  table_.transpose(s.o, s.c * 9, weight, s.c * 9, transposed.data(), outputs_);
  for (int64_t c = 0; c < s.c; ++c) {
    table_.winograd_weights(outputs_, transposed.data() + c * 9 * outputs_, outputs_,
                            weight_.data() + c * outputs_, s.c * outputs_);
  }
}

// A pixel of zeros and those of x, the bias, the pixels of y, and some tiles' inputs and results.
int64_t WinogradKernel::scratch_size() const {
  return channels_ * (1 + s_.h * s_.w) + outputs_ * (1 + s_.oh() * s_.ow()) +
         numbers * together * (channels_ + outputs_);
}

void WinogradKernel::operator()(const float* x, const float* bias, float* scratch, float* y) const {
  const int64_t positions = s_.oh() * s_.ow();
  float* pixels = scratch;
  float* shift = pixels + channels_ * (1 + s_.h * s_.w);
  float* made = shift + outputs_;
  float* inputs = made + outputs_ * positions;
  float* results = inputs + numbers * together * channels_;
  if (bias != nullptr) std::copy_n(bias, s_.o, shift);
  table_.transpose(s_.c, s_.h * s_.w, x, s_.h * s_.w, pixels + channels_, channels_);
  for (int64_t first = 0; first < tiles_.count(); first += together) {
    const int64_t count = std::min(together, tiles_.count() - first);
    for (int64_t i = 0; i < count; ++i) {
      table_.winograd_input(channels_, pixels, places_.data() + (first + i) * numbers, inputs + i * channels_,
                            together * channels_);
    }
    const simd::WinogradProduct product{count, s_.c, outputs_, channels_, 1, false};
    for (int64_t k = 0; k < numbers; ++k) {
      table_.winograd_multiply(product, inputs + k * together * channels_,
                               weight_.data() + k * s_.c * outputs_, results + k * together * outputs_);
    }
    for (int64_t i = 0; i < count; ++i) {
      const int64_t top = tiles_.top(first + i), left = tiles_.left(first + i);
      table_.winograd_output(outputs_, results + i * outputs_, together * outputs_, shift,
                             made + (top * s_.ow() + left) * outputs_, s_.ow() * outputs_,
                             std::min<int64_t>(4, s_.oh() - top), std::min<int64_t>(4, s_.ow() - left),
                             outputs_);
    }
  }
  table_.transpose(positions, s_.o, made, outputs_, y, positions);
}

bool winograd_fills(const Conv2dSizes& s) {
  return s.samples_per_chunk() * WinogradTiles(s).count() >= gathered;
}

// In the space of the transforms, the gradient of each of a kernel's numbers is the sum over tiles of the
// input's number times that of the gradient of the results.
void winograd_backward_weight(const Conv2dSizes& s, const float* grad_y, const float* x, float* grad_weight) {
  const simd::Table& table = simd::table();
  const WinogradTiles tiles(s);
  const int64_t channels = round_up(s.c, table.lanes), outputs = round_up(s.o, table.lanes);
  const int64_t in = s.h * s.w, out = s.oh() * s.ow();
  sum_chunks(
      s.n, s.samples_per_chunk(), s.o * s.c * 9, grad_weight, [&](int64_t begin, int64_t end, float* grad) {
        const Buffer pixels = Buffer::zeros(channels * (1 + in)),
                     results = Buffer::zeros(outputs * (1 + out)),
                     sums = Buffer::zeros(numbers * s.c * outputs), back(9 * s.c * outputs),
                     v(numbers * gathered * channels), g(numbers * gathered * outputs);
        int64_t filled = 0;
        const auto multiply = [&] {
          const simd::WinogradProduct product{s.c, filled, outputs, 1, channels, true};
          for (int64_t k = 0; k < numbers; ++k) {
            table.winograd_multiply(product, v.data() + k * gathered * channels,
                                    g.data() + k * gathered * outputs, sums.data() + k * s.c * outputs);
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
            table.winograd_gradient(outputs, results.data(), places, g.data() + filled * outputs,
                                    gathered * outputs);
            if (++filled == gathered) multiply();
          }
        }
        multiply();
        for (int64_t c = 0; c < s.c; ++c) {
          table.winograd_grad_weight(outputs, sums.data() + c * outputs, s.c * outputs,
                                     back.data() + c * 9 * outputs, outputs);
        }
        table.transpose(9 * s.c, s.o, back.data(), outputs, grad, 9 * s.c);
      });
}

}  // namespace tinynn::kernels
