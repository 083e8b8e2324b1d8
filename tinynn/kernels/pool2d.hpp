// Pooling over windows of an image: x is (planes, h, w), y (planes, oh, ow), a plane being one channel of one
// sample. Sizes as in torch.nn.functional.max_pool2d with ceil_mode = false.
#pragma once

#include <cstdint>

namespace tinynn::kernels {

struct Pool2dSizes {
  int64_t planes, h, w;
  int64_t kernel, stride, padding;
  int64_t oh() const { return (h + 2 * padding - kernel) / stride + 1; }
  int64_t ow() const { return (w + 2 * padding - kernel) / stride + 1; }
};

/// y = the largest element of each window (NaN wins, as in PyTorch); `argmax`, if not null, gets its position
/// in the plane, the first one on a tie.
void max_pool2d_forward(const Pool2dSizes& s, const float* x, float* y, int32_t* argmax);
/// grad_x, overwritten: the gradient goes to each window's maximum.
void max_pool2d_backward(const Pool2dSizes& s, const float* grad_y, const int32_t* argmax, float* grad_x);

struct AvgPool2dSizes {
  int64_t planes, h, w, oh, ow;
  int64_t kernel = 0, stride = 1, padding = 0;  // kernel 0: adaptive, oh x ow windows that cover the image
  bool count_include_pad = false;               // divide by kernel^2 also where the window sticks out
};

/// y = the mean of each window.
void avg_pool2d_forward(const AvgPool2dSizes& s, const float* x, float* y);
/// grad_x, overwritten: the gradient is shared out evenly over each window.
void avg_pool2d_backward(const AvgPool2dSizes& s, const float* grad_y, float* grad_x);

}  // namespace tinynn::kernels
