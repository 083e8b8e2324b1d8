#include <algorithm>

#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/winograd.hpp>

namespace tinynn::kernels {
namespace {

constexpr int64_t numbers = WinogradTiles::numbers, together = WinogradTiles::together;

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

// Measured with vectors of 4, 8 and 16. With kernels of 3x3, transforms cost as much as 16 lanes of products,
// lanes without a channel are lost, and a square of fewer than 5x5 results leaves too much of its tiles
// empty.
bool winograd_suits(const Conv2dSizes& s) {
  const bool can = s.kh == s.kw && (s.kh == 3 || s.kh == 5) && s.stride == Size2(1) &&
                   s.dilation == Size2(1) && s.groups == 1;
  const int64_t lanes = simd::table().lanes;
  const int64_t fewest_channels = std::min(s.c, s.o), side = std::min(s.oh(), s.ow());
  if (s.kh == 5) return can && s.c * s.o >= 96 && fewest_channels >= 6 && side >= 2;
  return can && s.c * s.o >= 16 * lanes && fewest_channels >= std::max<int64_t>(8, lanes * 3 / 4) &&
         side >= 5;
}

WinogradTiles::WinogradTiles(const Conv2dSizes& s)
    : h_(s.h),
      w_(s.w),
      oh_(s.oh()),
      ow_(s.ow()),
      padding_top_(s.padding.top),
      padding_left_(s.padding.left),
      size_(7 - s.kh),
      across_((ow_ + size_ - 1) / size_),
      down_((oh_ + size_ - 1) / size_) {}

void WinogradTiles::list_inputs(int64_t tile, int64_t channels, int64_t* places) const {
  list_pixels<6>(top(tile) - padding_top_, left(tile) - padding_left_, h_, w_, channels, places);
}

void WinogradTiles::list_results(int64_t tile, int64_t channels, int64_t* places) const {
  const auto list = size_ == 4 ? list_pixels<4> : list_pixels<2>;
  list(top(tile), left(tile), oh_, ow_, channels, places);
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
  const int64_t kernel = s.kh * s.kw;
  const Buffer transposed = Buffer::zeros(s.c * kernel * outputs_);
  table_.transpose(s.o, s.c * kernel, weight, s.c * kernel, transposed.data(), outputs_);
  for (int64_t c = 0; c < s.c; ++c) {
    table_.winograd_weights(s.kh, outputs_, transposed.data() + c * kernel * outputs_, outputs_,
                            weight_.data() + c * outputs_, s.c * outputs_);
  }
}

// A pixel of zeros and those of x, the bias, the pixels of y, and some tiles' inputs and results.
int64_t WinogradKernel::scratch_size() const {
  return channels_ * (1 + s_.h * s_.w) + outputs_ * (1 + s_.oh() * s_.ow()) + tile_memory();
}

// So many channels of the results of some tiles.
void WinogradKernel::convolve_tiles(int64_t first, int64_t channel, int64_t channels, const float* pixels,
                                    const float* shift, float* memory, float* made) const {
  float *inputs = memory, *results = memory + numbers * together * channels_;
  const int64_t count = std::min(together, tiles_.count() - first);
  for (int64_t i = 0; i < count; ++i) {
    table_.winograd_input(channels_, pixels, places_.data() + (first + i) * numbers, inputs + i * channels_,
                          together * channels_);
  }
  const simd::Product product{count, s_.c, channels, channels_, 1, outputs_, false};
  for (int64_t k = 0; k < numbers; ++k) {
    table_.multiply(product, inputs + k * together * channels_,
                    weight_.data() + k * s_.c * outputs_ + channel, results + k * together * outputs_);
  }
  for (int64_t i = 0; i < count; ++i) {
    const int64_t top = tiles_.top(first + i), left = tiles_.left(first + i);
    table_.winograd_output(s_.kh, channels, results + i * outputs_, together * outputs_, shift + channel,
                           made + (top * s_.ow() + left) * outputs_ + channel, s_.ow() * outputs_,
                           std::min(tiles_.size(), s_.oh() - top), std::min(tiles_.size(), s_.ow() - left),
                           outputs_);
  }
}

void WinogradKernel::operator()(const float* x, const float* bias, float* scratch, float* y,
                                ByPixels by_pixels) const {
  const int64_t positions = s_.oh() * s_.ow();
  float* shift = scratch + channels_ * (1 + s_.h * s_.w);
  const float* pixels = by_pixels.x ? x - channels_ : scratch;
  float* made = by_pixels.y ? y : shift + outputs_;
  if (bias != nullptr) std::copy_n(bias, s_.o, shift);
  if (!by_pixels.x) table_.transpose(s_.c, s_.h * s_.w, x, s_.h * s_.w, scratch + channels_, channels_);
  const int64_t groups = (tiles_.count() + together - 1) / together;
  const int64_t products = numbers * tiles_.count() * s_.c * outputs_;
  constexpr int64_t products_worth_a_thread = 1 << 18;
  const int64_t pieces =
      free_threads() == 1 ? 1 : std::clamp<int64_t>(products / products_worth_a_thread, 1, 8);
  // Some groups of tiles; of a single group, which has few pixels of many channels, some vectors of channels.
  const int64_t lanes = table_.lanes, items = groups == 1 ? outputs_ / lanes : groups;
  const auto convolve = [&](int64_t begin, int64_t end, float* memory) {
    if (groups == 1)
      return convolve_tiles(0, begin * lanes, (end - begin) * lanes, pixels, shift, memory, made);
    for (int64_t group = begin; group < end; ++group)
      convolve_tiles(group * together, 0, outputs_, pixels, shift, memory, made);
  };
  if (pieces == 1) {
    convolve(0, items, shift + outputs_ * (1 + positions));
  } else {
    parallel_for(items, (items + pieces - 1) / pieces,
                 [&](int64_t begin, int64_t end) { convolve(begin, end, Buffer(tile_memory()).data()); });
  }
  if (!by_pixels.y) table_.transpose(positions, s_.o, made, outputs_, y, positions);
}

}  // namespace tinynn::kernels
