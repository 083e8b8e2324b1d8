// Softmax family along the middle dimension: x and y are (rows, columns, inner), with inner = 1 for the rows
// of a matrix. Sums are in double.
#pragma once

#include <cstdint>

namespace tinynn::kernels {

/// y = exp(x) / (sum over the columns of exp(x)), computed without overflow.
void softmax_forward(int64_t rows, int64_t columns, const float* x, float* y, int64_t inner = 1);
/// y = x - log(sum over the columns of exp(x)), computed without overflow.
void log_softmax_forward(int64_t rows, int64_t columns, const float* x, float* y, int64_t inner = 1);

/// grad_x, overwritten, from the y that the forward gave.
void softmax_backward(int64_t rows, int64_t columns, const float* y, const float* grad_y, float* grad_x,
                      int64_t inner = 1);
void log_softmax_backward(int64_t rows, int64_t columns, const float* y, const float* grad_y, float* grad_x,
                          int64_t inner = 1);

}  // namespace tinynn::kernels
