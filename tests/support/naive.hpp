// The kernels again, written from their definitions with one loop per index and sums in double: slow, plain,
// and what the fast ones are held against.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <tinynn/kernels/conv2d.hpp>
#include <tinynn/kernels/gemm.hpp>
#include <tinynn/kernels/pool2d.hpp>

namespace test {

using tinynn::kernels::Conv2dSizes;
using tinynn::kernels::Layout;
using tinynn::kernels::Pool2dSizes;

using Floats = std::span<const float>;

inline double at(Floats values, int64_t i) { return static_cast<double>(values[i]); }

/// A * B + c
inline std::vector<double> naive_gemm(int64_t m, int64_t n, int64_t k, Floats a, Layout layout_a, Floats b,
                                      Layout layout_b, Floats c) {
  std::vector<double> result(c.begin(), c.end());
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t p = 0; p < k; ++p) {
      const double factor = at(a, layout_a == Layout::plain ? i * k + p : p * m + i);
      for (int64_t j = 0; j < n; ++j) {
        result[i * n + j] += factor * at(b, layout_b == Layout::plain ? p * n + j : j * k + p);
      }
    }
  }
  return result;
}

/// Calls f(index in y, index in x, index in weight) for every product that a convolution sums.
template <class F>
void for_each_product(const Conv2dSizes& s, F f) {
  const int64_t in = s.c / s.groups, out = s.o / s.groups, oh = s.oh(), ow = s.ow();
  for (int64_t n = 0; n < s.n; ++n) {
    for (int64_t o = 0; o < s.o; ++o) {
      for (int64_t i = 0; i < oh; ++i) {
        for (int64_t j = 0; j < ow; ++j) {
          for (int64_t c = 0; c < in; ++c) {
            for (int64_t p = 0; p < s.kh; ++p) {
              for (int64_t q = 0; q < s.kw; ++q) {
                const int64_t row = i * s.stride.h - s.padding.top + p * s.dilation.h;
                const int64_t column = j * s.stride.w - s.padding.left + q * s.dilation.w;
                if (row < 0 || row >= s.h || column < 0 || column >= s.w) continue;
                const int64_t channel = o / out * in + c;
                f(((n * s.o + o) * oh + i) * ow + j, ((n * s.c + channel) * s.h + row) * s.w + column,
                  ((o * in + c) * s.kh + p) * s.kw + q);
              }
            }
          }
        }
      }
    }
  }
}

/// y, the gradient of x and the gradient of the weight of a convolution without bias.
struct NaiveConv2d {
  std::vector<double> y, grad_x, grad_weight;

  NaiveConv2d(const Conv2dSizes& s, Floats x, Floats weight, Floats grad_y)
      : y(grad_y.size()), grad_x(x.size()), grad_weight(weight.size()) {
    for_each_product(s, [&](int64_t out, int64_t in, int64_t w) {
      y[out] += at(x, in) * at(weight, w);
      grad_x[in] += at(grad_y, out) * at(weight, w);
      grad_weight[w] += at(grad_y, out) * at(x, in);
    });
  }
};

/// The maxima of all windows, and where in its plane each was found first.
struct NaiveMaxPool2d {
  std::vector<float> y;
  std::vector<int64_t> where;

  NaiveMaxPool2d(const Pool2dSizes& s, Floats x) {
    for (int64_t plane = 0; plane < s.planes; ++plane) {
      for (int64_t i = 0; i < s.oh(); ++i) {
        for (int64_t j = 0; j < s.ow(); ++j)
          window(s, x, plane, i * s.stride.h - s.padding.top, j * s.stride.w - s.padding.left);
      }
    }
  }

 private:
  void window(const Pool2dSizes& s, Floats x, int64_t plane, int64_t top, int64_t left) {
    float largest = 0;
    int64_t found = -1;
    for (int64_t p = 0; p < s.kernel.h; ++p) {
      for (int64_t q = 0; q < s.kernel.w; ++q) {
        const int64_t row = top + p * s.dilation.h, column = left + q * s.dilation.w;
        if (row < 0 || row >= s.h || column < 0 || column >= s.w) continue;
        const float value = x[(plane * s.h + row) * s.w + column];
        if (found < 0 || value > largest || std::isnan(value)) {
          largest = value;
          found = row * s.w + column;
        }
      }
    }
    y.push_back(largest);
    where.push_back(found);
  }
};

}  // namespace test
