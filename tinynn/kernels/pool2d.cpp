#include <algorithm>
#include <cmath>
#include <limits>

#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/pool2d.hpp>

namespace tinynn::kernels {
namespace {
int64_t planes_per_chunk(const Pool2dSizes& s) {
  return std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(1, s.h * s.w));
}
}  // namespace

void max_pool2d_forward(const Pool2dSizes& s, const float* x, float* y, int32_t* argmax) {
  const int64_t oh = s.oh(), ow = s.ow();
  parallel_for(s.planes, planes_per_chunk(s), [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      const float* in = x + plane * s.h * s.w;
      for (int64_t i = 0, out = plane * oh * ow; i < oh; ++i) {
        const int64_t top = i * s.stride - s.padding;
        for (int64_t j = 0; j < ow; ++j, ++out) {
          const int64_t left = j * s.stride - s.padding;
          float largest = -std::numeric_limits<float>::infinity();
          int64_t where = std::max<int64_t>(top, 0) * s.w + std::max<int64_t>(left, 0);
          for (int64_t r = std::max<int64_t>(top, 0); r < std::min(top + s.kernel, s.h); ++r) {
            for (int64_t c = std::max<int64_t>(left, 0); c < std::min(left + s.kernel, s.w); ++c) {
              const float value = in[r * s.w + c];
              if (value > largest || std::isnan(value)) {
                largest = value;
                where = r * s.w + c;
              }
            }
          }
          y[out] = largest;
          if (argmax != nullptr) argmax[out] = static_cast<int32_t>(where);
        }
      }
    }
  });
}

void max_pool2d_backward(const Pool2dSizes& s, const float* grad_y, const int32_t* argmax, float* grad_x) {
  const int64_t outputs = s.oh() * s.ow();
  std::fill_n(grad_x, s.planes * s.h * s.w, 0.0F);
  parallel_for(s.planes, planes_per_chunk(s), [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      float* out = grad_x + plane * s.h * s.w;
      for (int64_t i = plane * outputs; i < (plane + 1) * outputs; ++i) out[argmax[i]] += grad_y[i];
    }
  });
}

}  // namespace tinynn::kernels
