// Conv2dKernel: a direct convolution, prepared: the weight is laid out once, as the instruction set in use
// reads it, and then meets samples one by one. Training prepares one a call, a program one a layer.
#pragma once

#include <optional>
#include <vector>

#include <tinynn/kernels/conv2d.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/kernels/winograd.hpp>

namespace tinynn::kernels {

/// How one sample lies in scratch memory so that a convolution needs no windows of its own. Every
/// weight then meets its factors at one fixed offset from where a vector of results starts:
///   rows:   the image with its padding, once; a vector covers results of one row
///   copies: per kernel column a copy of the image, shifted so that the factors of neighbouring results are
///           neighbours; results are one long row, whatever the width, stride and dilation. With a stride,
///           rows of equal remainder lie together.
class ConvLayout {
 public:
  /// For the channels of one group, of which up to `samples` samples lie behind one another.
  explicit ConvLayout(const Conv2dSizes& s, int64_t samples = 1);

  /// Floats of scratch memory for all samples; it has to be zero before the first fill.
  int64_t scratch_size() const { return samples_ * sample_size_ + table_.lanes; }
  /// Copies sample number `at`, (channels, rows.in, columns.in), to where places() look for it.
  void fill(const float* x, float* scratch, int64_t at = 0) const;
  /// Where products lie; terms are in the order of the weight, (channels, kernel rows, kernel columns).
  simd::Places places(int64_t samples = 1) const;
  int64_t vectors() const { return static_cast<int64_t>(to_.size()); }

 private:
  void list_vectors();
  void list_offsets();

  const simd::Table& table_ = simd::table();
  int64_t channels_;
  WindowAxis rows_, columns_;
  int64_t oh_, ow_;
  int64_t samples_;
  bool copies_;     // rather than rows
  int64_t shifts_;  // copies of the image: one for each kernel column, or one
  int64_t phases_;  // remainders of row numbers by the stride that occur
  int64_t width_;   // of a row in scratch memory
  int64_t plane_;   // of one phase of one copy of one channel
  int64_t sample_size_;
  std::vector<int64_t> offsets_, from_, to_;  // see simd::Places
};

/// At most this much of a weight may be alive for sparse kernels.
double sparse_conv2d_density_for(const Conv2dSizes& s);

class Conv2dKernel {
 public:
  /// y = x convolved with weight (o, c/groups, kh, kw). With `live`, of one group only, nothing else of the
  /// weight is multiplied.
  Conv2dKernel(const Conv2dSizes& s, const float* weight, const SparsePattern* live = nullptr);
  /// From grad_y to grad_x, a convolution too. Stride 1 only.
  static Conv2dKernel backward_input(const Conv2dSizes& s, const float* weight, const SparsePattern* live);

  /// Floats of scratch memory, which has to be zero before the first call.
  int64_t scratch_size() const { return winograd_ ? winograd_->scratch_size() : layout_->scratch_size(); }
  /// One sample: y (o, oh, ow) from x (c, h, w) and bias (o), which may be null. In another order only where
  /// it goes by Winograd.
  void operator()(const float* x, const float* bias, float* scratch, float* y, ByPixels by_pixels = {}) const;
  /// n samples, on several threads.
  void operator()(const float* x, const float* bias, float* y) const;

 private:
  explicit Conv2dKernel(const Conv2dSizes& s);
  void pack(const float* weight);

  const simd::Table& table_ = simd::table();
  Conv2dSizes s_;
  std::optional<ConvLayout> layout_;  // but for Winograd's
  Buffer packed_;
  std::optional<LiveElements> live_;
  std::optional<WinogradKernel> winograd_;
};

}  // namespace tinynn::kernels
