// Conv2dKernel: a direct convolution, prepared: the weight is laid out once, as the instruction set in use
// reads it, and then meets samples one by one. Training prepares one a call, a program one a layer.
#pragma once

#include <optional>

#include <tinynn/kernels/conv2d.hpp>
#include <tinynn/kernels/conv_layout.hpp>
#include <tinynn/kernels/sparse.hpp>

namespace tinynn::kernels {

class Conv2dKernel {
 public:
  /// y = x convolved with weight (o, c/groups, kh, kw). With `live`, of one group only, nothing else of the
  /// weight is multiplied.
  Conv2dKernel(const Conv2dSizes& s, const float* weight, const SparsePattern* live = nullptr);
  /// From grad_y to grad_x, a convolution too. Stride 1 only.
  static Conv2dKernel backward_input(const Conv2dSizes& s, const float* weight, const SparsePattern* live);

  /// Floats of scratch memory, which has to be zero before the first call.
  int64_t scratch_size() const { return layout_.scratch_size(); }
  /// One sample: y (o, oh, ow) from x (c, h, w) and bias (o), which may be null.
  void operator()(const float* x, const float* bias, float* scratch, float* y) const;
  /// n samples, on several threads.
  void operator()(const float* x, const float* bias, float* y) const;

 private:
  explicit Conv2dKernel(const Conv2dSizes& s);
  void pack(const float* weight);

  const simd::Table& table_ = simd::table();
  Conv2dSizes s_;
  ConvLayout layout_;
  Buffer packed_;
  std::optional<LiveElements> live_;
};

}  // namespace tinynn::kernels
