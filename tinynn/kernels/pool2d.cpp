#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/pool2d.hpp>
#include <tinynn/kernels/simd/isa.hpp>

namespace tinynn::kernels {
namespace {

// Calls f(plane) for every plane, on several threads.
template <class F>
void for_each_plane(const auto& s, const F& f) {
  const int64_t grain = std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(1, s.h * s.w));
  parallel_for(s.planes, grain, [&](int64_t plane, int64_t end) {
    for (; plane < end; ++plane) f(plane);
  });
}

// The pixels along one axis that a window sees: begin, begin + dilation ... below end.
struct Range {
  int64_t begin, end;
};

std::vector<Range> windows(const WindowAxis& axis) {
  std::vector<Range> result;
  for (int64_t i = 0; i < axis.out(); ++i) {
    const int64_t first = i * axis.stride - axis.before;
    const Inside elements(first, axis.dilation, axis.in, axis.kernel);
    result.push_back({first + elements.begin * axis.dilation, first + elements.end * axis.dilation});
  }
  return result;
}

std::vector<Range> adaptive_windows(int64_t size, int64_t outputs) {
  std::vector<Range> result;
  for (int64_t i = 0; i < outputs; ++i)
    result.push_back({i * size / outputs, ((i + 1) * size + outputs - 1) / outputs});
  return result;
}

// Calls window(plane, index in y, rows, columns) for every output.
template <class Window>
void for_each_window(const auto& s, const std::vector<Range>& rows, const std::vector<Range>& columns,
                     const Window& window) {
  for_each_plane(s, [&](int64_t plane) {
    int64_t out = plane * std::ssize(rows) * std::ssize(columns);
    for (const Range& r : rows) {
      for (const Range& c : columns) window(plane, out++, r, c);
    }
  });
}

// The windows of nearly every network.
void max_pool_2x2(const Pool2dSizes& s, const float* x, float* y, int32_t* argmax) {
  const int64_t oh = s.oh(), ow = s.ow();
  for_each_plane(s, [&, pool = simd::table().max_pool_2x2](int64_t plane) {
    const int64_t to = plane * oh * ow;
    pool(oh, ow, x + plane * s.h * s.w, s.w, y + to, argmax == nullptr ? nullptr : argmax + to);
  });
}

void max_pool_2x2_backward(const Pool2dSizes& s, const float* grad_y, const int32_t* argmax, float* grad_x) {
  const int64_t oh = s.oh(), ow = s.ow();
  for_each_plane(s, [&, spread = simd::table().max_pool_2x2_backward](int64_t plane) {
    float* out = grad_x + plane * s.h * s.w;
    spread(oh, ow, grad_y + plane * oh * ow, argmax + plane * oh * ow, out, s.w);
    // No window reaches the last of an odd number of columns or rows.
    for (int64_t r = 0; s.w % 2 == 1 && r < 2 * oh; ++r) out[r * s.w + s.w - 1] = 0;
    if (s.h % 2 == 1) std::fill_n(out + (s.h - 1) * s.w, s.w, 0.0F);
  });
}

bool is_2x2(const Pool2dSizes& s) {
  return s.kernel == Size2(2) && s.stride == Size2(2) && s.padding == Padding2d(0) && s.dilation == Size2(1);
}

void max_pool(const auto& s, const std::vector<Range>& all_rows, const std::vector<Range>& all_columns,
              const Size2& dilation, const float* x, float* y, int32_t* argmax) {
  const auto window = [&](int64_t plane, int64_t out, const Range& rows, const Range& columns) {
    const float* in = x + plane * s.h * s.w;
    float largest = -std::numeric_limits<float>::infinity();
    int64_t where = rows.begin * s.w + columns.begin;
    for (int64_t r = rows.begin; r < rows.end; r += dilation.h) {
      for (int64_t c = columns.begin; c < columns.end; c += dilation.w) {
        const float value = in[r * s.w + c];
        if (value > largest || std::isnan(value)) {
          largest = value;
          where = r * s.w + c;
        }
      }
    }
    y[out] = largest;
    if (argmax != nullptr) argmax[out] = static_cast<int32_t>(where);
  };
  for_each_window(s, all_rows, all_columns, window);
}

void max_pool_backward(const auto& s, int64_t outputs, const float* grad_y, const int32_t* argmax,
                       float* grad_x) {
  for_each_plane(s, [&](int64_t plane) {
    float* out = grad_x + plane * s.h * s.w;
    std::fill_n(out, s.h * s.w, 0.0F);
    for (int64_t i = plane * outputs; i < (plane + 1) * outputs; ++i) out[argmax[i]] += grad_y[i];
  });
}

}  // namespace

void max_pool2d_forward(const Pool2dSizes& s, const float* x, float* y, int32_t* argmax) {
  if (is_2x2(s)) return max_pool_2x2(s, x, y, argmax);
  max_pool(s, windows(s.rows()), windows(s.columns()), s.dilation, x, y, argmax);
}

void max_pool2d_backward(const Pool2dSizes& s, const float* grad_y, const int32_t* argmax, float* grad_x) {
  if (is_2x2(s)) return max_pool_2x2_backward(s, grad_y, argmax, grad_x);
  max_pool_backward(s, s.oh() * s.ow(), grad_y, argmax, grad_x);
}

void adaptive_max_pool2d_forward(const AdaptivePool2dSizes& s, const float* x, float* y, int32_t* argmax) {
  max_pool(s, adaptive_windows(s.h, s.oh), adaptive_windows(s.w, s.ow), 1, x, y, argmax);
}

void adaptive_max_pool2d_backward(const AdaptivePool2dSizes& s, const float* grad_y, const int32_t* argmax,
                                  float* grad_x) {
  max_pool_backward(s, s.oh * s.ow, grad_y, argmax, grad_x);
}

namespace {

// Calls window(plane, index in y, rows, columns, 1 / divisor) for every output.
template <class Window>
void for_each_mean(const AvgPool2dSizes& s, const Window& window) {
  const bool adaptive = s.kernel == Size2(0);
  const auto rows = adaptive ? adaptive_windows(s.h, s.oh)
                             : windows({s.h, s.kernel.h, s.stride.h, 1, s.padding.top, s.padding.bottom});
  const auto columns = adaptive ? adaptive_windows(s.w, s.ow)
                                : windows({s.w, s.kernel.w, s.stride.w, 1, s.padding.left, s.padding.right});
  for_each_window(s, rows, columns, [&](int64_t plane, int64_t out, const Range& r, const Range& c) {
    const int64_t inside = (r.end - r.begin) * (c.end - c.begin);
    const int64_t divisor = s.count_include_pad ? s.kernel.h * s.kernel.w : inside;
    window(plane, out, r, c, 1 / static_cast<double>(divisor));
  });
}

}  // namespace

void avg_pool2d_forward(const AvgPool2dSizes& s, const float* x, float* y) {
  for_each_mean(s, [&](int64_t plane, int64_t out, const Range& rows, const Range& columns, double scale) {
    const float* in = x + plane * s.h * s.w;
    double sum = 0;
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      for (int64_t c = columns.begin; c < columns.end; ++c) sum += static_cast<double>(in[r * s.w + c]);
    }
    y[out] = static_cast<float>(sum * scale);
  });
}

void avg_pool2d_backward(const AvgPool2dSizes& s, const float* grad_y, float* grad_x) {
  for_each_plane(s, [&](int64_t plane) { std::fill_n(grad_x + plane * s.h * s.w, s.h * s.w, 0.0F); });
  for_each_mean(s, [&](int64_t plane, int64_t out, const Range& rows, const Range& columns, double scale) {
    float* to = grad_x + plane * s.h * s.w;
    const auto share = static_cast<float>(static_cast<double>(grad_y[out]) * scale);
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      for (int64_t c = columns.begin; c < columns.end; ++c) to[r * s.w + c] += share;
    }
  });
}

}  // namespace tinynn::kernels
