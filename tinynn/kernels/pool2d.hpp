// Pooling over windows of an image: x is (planes, h, w), y (planes, oh, ow), a plane being one channel of one
// sample. Sizes as in torch.nn.functional.max_pool2d with ceil_mode = false.
#pragma once

#include <cstdint>

#include <tinynn/core/size2.hpp>
#include <tinynn/kernels/window.hpp>

namespace tinynn::kernels {

/// Every window has to see a pixel.
struct Pool2dSizes {
  int64_t planes, h, w;
  Size2 kernel, stride;
  Padding2d padding = 0;
  Size2 dilation = 1;

  WindowAxis rows() const { return {h, kernel.h, stride.h, dilation.h, padding.top, padding.bottom}; }
  WindowAxis columns() const { return {w, kernel.w, stride.w, dilation.w, padding.left, padding.right}; }
  int64_t oh() const { return rows().out(); }
  int64_t ow() const { return columns().out(); }
};

/// y = the largest element of each window (NaN wins, as in PyTorch); `argmax`, if not null, gets its position
/// in the plane, the first one on a tie.
void max_pool2d_forward(const Pool2dSizes& s, const float* x, float* y, int32_t* argmax);
/// grad_x, overwritten: the gradient goes to each window's maximum.
void max_pool2d_backward(const Pool2dSizes& s, const float* grad_y, const int32_t* argmax, float* grad_x);

/// oh x ow windows that cover the image, as of torch.nn.functional.adaptive_avg_pool2d.
struct AdaptivePool2dSizes {
  int64_t planes, h, w, oh, ow;
};

/// As max_pool2d_forward and max_pool2d_backward.
void adaptive_max_pool2d_forward(const AdaptivePool2dSizes& s, const float* x, float* y, int32_t* argmax);
void adaptive_max_pool2d_backward(const AdaptivePool2dSizes& s, const float* grad_y, const int32_t* argmax,
                                  float* grad_x);

struct AvgPool2dSizes {
  int64_t planes, h, w, oh, ow;
  Size2 kernel = 0, stride = 1;  // kernel 0: adaptive, oh x ow windows that cover the image
  Padding2d padding = 0;
  bool count_include_pad = false;  // divide by the whole kernel also where the window sticks out
};

/// y = the mean of each window.
void avg_pool2d_forward(const AvgPool2dSizes& s, const float* x, float* y);
/// grad_x, overwritten: the gradient is shared out evenly over each window.
void avg_pool2d_backward(const AvgPool2dSizes& s, const float* grad_y, float* grad_x);

}  // namespace tinynn::kernels
