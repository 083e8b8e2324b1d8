// Layers of the models, for benchmarks of kernels.
#pragma once

#include <tinynn/kernels/conv2d.hpp>

namespace bench {

/// A convolution of 64 square images of c channels by o square filters.
inline tinynn::kernels::Conv2dSizes convolution(int64_t c, int64_t side, int64_t o, int64_t kernel,
                                                int64_t padding, int64_t stride = 1) {
  return {.n = 64,
          .c = c,
          .h = side,
          .w = side,
          .o = o,
          .kh = kernel,
          .kw = kernel,
          .stride = stride,
          .padding = padding,
          .dilation = 1,
          .groups = 1};
}

}  // namespace bench
