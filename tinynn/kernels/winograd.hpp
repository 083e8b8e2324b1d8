// Convolution by Winograd's F(4x4, 3x3) and F(2x2, 5x5) (simd/winograd.hpp): a quarter and 36% of the
// multiplications, for a rounding error some three times that of the sum as it is written. Pixels lie side by
// side by channels here, so that vectors are of channels; images are transposed on the way in and out.
#pragma once

#include <vector>

#include <tinynn/core/buffer.hpp>
#include <tinynn/kernels/conv2d.hpp>
#include <tinynn/kernels/simd/isa.hpp>

namespace tinynn::kernels {

/// Whether it can compute a convolution, and has been measured to be faster than the direct one.
bool winograd_suits(const Conv2dSizes& s);

/// The tiles of 4x4 or 2x2 results that cover those of a convolution, and the 6x6 inputs of each.
class WinogradTiles {
 public:
  static constexpr int64_t numbers = 36;  // of a tile
  static constexpr int64_t together = 8;  // tiles that are transformed before they are multiplied

  explicit WinogradTiles(const Conv2dSizes& s);
  int64_t count() const { return across_ * down_; }
  /// Where the inputs of a tile are, of pixels of `channels` numbers behind one of zeros, and its results.
  void list_inputs(int64_t tile, int64_t channels, int64_t* places) const;
  void list_results(int64_t tile, int64_t channels, int64_t* places) const;
  /// The first row and column of a tile's results.
  int64_t top(int64_t tile) const { return tile / across_ * size_; }
  int64_t left(int64_t tile) const { return tile % across_ * size_; }
  /// Results in a row of a tile.
  int64_t size() const { return size_; }

 private:
  int64_t h_, w_, oh_, ow_, padding_top_, padding_left_, size_, across_, down_;
};

/// Whether a sample lies pixel by pixel, (h, w, c), rather than (c, h, w): then its channels are a multiple
/// of a vector's lanes. Before the first pixel of x there is one of zeros.
struct ByPixels {
  bool x = false, y = false;
};

/// One that is prepared: the weight is transformed once.
class WinogradKernel {
 public:
  WinogradKernel(const Conv2dSizes& s, const float* weight);

  /// Floats of scratch memory, which has to be zero before the first call.
  int64_t scratch_size() const;
  /// One sample: y (o, oh, ow) from x (c, h, w) and bias (o), which may be null; on several threads if it is
  /// worth it and all are free.
  void operator()(const float* x, const float* bias, float* scratch, float* y, ByPixels by_pixels = {}) const;

 private:
  int64_t tile_memory() const {
    return WinogradTiles::numbers * WinogradTiles::together * (channels_ + outputs_);
  }
  void convolve_tiles(int64_t first, int64_t channel, int64_t channels, const float* pixels,
                      const float* shift, float* memory, float* made) const;

  const simd::Table& table_ = simd::table();
  Conv2dSizes s_;
  WinogradTiles tiles_;
  int64_t channels_, outputs_;   // rounded up to whole vectors
  Buffer weight_;                // transformed: 36 times (c, outputs)
  std::vector<int64_t> places_;  // of the inputs of all tiles
};

/// grad_x = the gradient of the input, overwritten, where winograd_suits().
void winograd_backward_input(const Conv2dSizes& s, const float* grad_y, const float* weight, float* grad_x);

/// Whether a chunk of samples has as many tiles as the gradient of the weight multiplies at once.
bool winograd_fills(const Conv2dSizes& s);
/// grad_weight = the gradient of the weight, overwritten.
void winograd_backward_weight(const Conv2dSizes& s, const float* grad_y, const float* x, float* grad_weight);

}  // namespace tinynn::kernels
