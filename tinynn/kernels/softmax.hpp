// Row-wise softmax family: x and y are (rows, columns).
#pragma once

#include <cstdint>

namespace tinynn::kernels {

/// y[r][c] = x[r][c] - log(sum over c of exp(x[r][c])), computed without overflow.
void log_softmax_forward(int64_t rows, int64_t columns, const float* x, float* y);

}  // namespace tinynn::kernels
