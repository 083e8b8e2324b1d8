#include <algorithm>
#include <cmath>
#include <limits>

#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/pool2d.hpp>
#include <tinynn/kernels/simd/isa.hpp>

namespace tinynn::kernels {
namespace {

int64_t planes_per_chunk(const auto& s) {
  return std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(1, s.h * s.w));
}

// The rows or columns, out of `size`, that output i out of `outputs` is the mean of.
struct Range {
  int64_t begin, end;
  Range(const AvgPool2dSizes& s, int64_t i, int64_t size, int64_t outputs) {
    if (s.kernel == 0) {
      begin = i * size / outputs;
      end = ((i + 1) * size + outputs - 1) / outputs;
    } else {
      begin = std::max<int64_t>(i * s.stride - s.padding, 0);
      end = std::min(i * s.stride - s.padding + s.kernel, size);
    }
  }
};

// Calls window(index in y, rows, columns, 1 / divisor) for every output.
template <class Window>
void for_windows(const AvgPool2dSizes& s, int64_t plane, Window window) {
  int64_t out = plane * s.oh * s.ow;
  for (int64_t i = 0; i < s.oh; ++i) {
    const Range rows(s, i, s.h, s.oh);
    for (int64_t j = 0; j < s.ow; ++j, ++out) {
      const Range columns(s, j, s.w, s.ow);
      const int64_t inside = (rows.end - rows.begin) * (columns.end - columns.begin);
      const int64_t divisor = s.count_include_pad ? s.kernel * s.kernel : inside;
      window(out, rows, columns, 1 / static_cast<double>(divisor));
    }
  }
}

// The windows of nearly every network.
void max_pool_2x2(const Pool2dSizes& s, const float* x, float* y, int32_t* argmax) {
  const int64_t oh = s.oh(), ow = s.ow();
  const simd::Table& table = simd::table();
  parallel_for(s.planes, planes_per_chunk(s), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin * oh; row < end * oh; ++row) {
      const int64_t at = row % oh * 2 * s.w;  // in its plane
      const float* top = x + row / oh * s.h * s.w + at;
      if (argmax == nullptr) {
        table.max_pool_2x2(ow, top, top + s.w, y + row * ow);
      } else {
        table.max_pool_2x2_where(ow, top, top + s.w, static_cast<int32_t>(at), static_cast<int32_t>(at + s.w),
                                 y + row * ow, argmax + row * ow);
      }
    }
  });
}

void max_pool_2x2_backward(const Pool2dSizes& s, const float* grad_y, const int32_t* argmax, float* grad_x) {
  const int64_t oh = s.oh(), ow = s.ow();
  const simd::Table& table = simd::table();
  parallel_for(s.planes, planes_per_chunk(s), [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      float* out = grad_x + plane * s.h * s.w;
      for (int64_t i = 0; i < oh; ++i) {
        const int64_t from = (plane * oh + i) * ow, top = 2 * i * s.w, bottom = top + s.w;
        table.max_pool_2x2_backward(ow, grad_y + from, argmax + from, static_cast<int32_t>(top),
                                    static_cast<int32_t>(bottom), out + top, out + bottom);
        if (s.w % 2 == 1) out[top + s.w - 1] = out[bottom + s.w - 1] = 0;  // no window reaches there
      }
      if (s.h % 2 == 1) std::fill_n(out + (s.h - 1) * s.w, s.w, 0.0F);
    }
  });
}

bool is_2x2(const Pool2dSizes& s) { return s.kernel == 2 && s.stride == 2 && s.padding == 0; }

}  // namespace

void max_pool2d_forward(const Pool2dSizes& s, const float* x, float* y, int32_t* argmax) {
  if (is_2x2(s)) return max_pool_2x2(s, x, y, argmax);
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
  if (is_2x2(s)) return max_pool_2x2_backward(s, grad_y, argmax, grad_x);
  const int64_t outputs = s.oh() * s.ow();
  parallel_for(s.planes, planes_per_chunk(s), [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      float* out = grad_x + plane * s.h * s.w;
      std::fill_n(out, s.h * s.w, 0.0F);
      for (int64_t i = plane * outputs; i < (plane + 1) * outputs; ++i) out[argmax[i]] += grad_y[i];
    }
  });
}

void avg_pool2d_forward(const AvgPool2dSizes& s, const float* x, float* y) {
  parallel_for(s.planes, planes_per_chunk(s), [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      const float* in = x + plane * s.h * s.w;
      for_windows(s, plane, [&](int64_t out, const Range& rows, const Range& columns, double scale) {
        double sum = 0;
        for (int64_t r = rows.begin; r < rows.end; ++r) {
          for (int64_t c = columns.begin; c < columns.end; ++c) sum += static_cast<double>(in[r * s.w + c]);
        }
        y[out] = static_cast<float>(sum * scale);
      });
    }
  });
}

void avg_pool2d_backward(const AvgPool2dSizes& s, const float* grad_y, float* grad_x) {
  parallel_for(s.planes, planes_per_chunk(s), [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      float* to = grad_x + plane * s.h * s.w;
      std::fill_n(to, s.h * s.w, 0.0F);
      for_windows(s, plane, [&](int64_t out, const Range& rows, const Range& columns, double scale) {
        const auto share = static_cast<float>(static_cast<double>(grad_y[out]) * scale);
        for (int64_t r = rows.begin; r < rows.end; ++r) {
          for (int64_t c = columns.begin; c < columns.end; ++c) to[r * s.w + c] += share;
        }
      });
    }
  });
}

}  // namespace tinynn::kernels
