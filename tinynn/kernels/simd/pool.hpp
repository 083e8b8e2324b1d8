// Selections in place of branches: which of four pixels is the largest cannot be predicted. Several results
// at a time; the last ones of a row may overlap those before them.
#pragma once

#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

constexpr int most_windows = lanes < 8 ? 4 : 8;

// n windows side by side, of which each sees two columns of two rows.
template <int n, class = typename Count<n>::Numbers>
struct Windows;

template <int n, int... i>
struct Windows<n, Sequence<i...>> {
  typedef float Floats __attribute__((vector_size(n * sizeof(float))));
  typedef int32_t Numbers __attribute__((vector_size(n * sizeof(int32_t))));

  static Numbers columns(int64_t from) { return Numbers{2 * i...} + static_cast<int32_t>(from); }

  template <class V, class T>
  static V get(const T* from) {
    V v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
  }
  static void put(auto* to, auto v) { __builtin_memcpy(to, &v, sizeof v); }

  // Where one of them is not a number both comparisons fail, and give once the one and once the other: the
  // bits of both together are not a number. Equal ones but for the sign of zero may give either zero.
  static Floats larger(Floats a, Floats b) {
    const Floats c = a > b ? a : b, d = b > a ? b : a;
    return reinterpret_cast<Floats>(reinterpret_cast<Numbers>(c) | reinterpret_cast<Numbers>(d));
  }

  // y: the largest of each.
  static void forward(const float* x, int64_t top, int64_t bottom, float* y) {
    const Floats a = larger(get<Floats>(x + top), get<Floats>(x + bottom)),
                 b = larger(get<Floats>(x + top + n), get<Floats>(x + bottom + n));
    put(y, larger(__builtin_shufflevector(a, b, 2 * i...), __builtin_shufflevector(a, b, 2 * i + 1 ...)));
  }

  // And the place where it was.
  static void forward(const float* x, int64_t top, int64_t bottom, float* y, int32_t* argmax) {
    const Floats a = get<Floats>(x + top), b = get<Floats>(x + top + n), c = get<Floats>(x + bottom),
                 d = get<Floats>(x + bottom + n);
    Floats largest = __builtin_shufflevector(a, b, 2 * i...);
    Numbers where = columns(top);
    const auto see = [&](Floats value, int64_t from) {
      // A later value wins if it is larger, or if it is not a number.
      const Numbers wins = (value > largest) | (value != value);
      largest = wins ? value : largest;
      where = wins ? columns(from) : where;
    };
    see(__builtin_shufflevector(a, b, 2 * i + 1 ...), top + 1);
    see(__builtin_shufflevector(c, d, 2 * i...), bottom);
    see(__builtin_shufflevector(c, d, 2 * i + 1 ...), bottom + 1);
    put(y, largest);
    put(argmax, where);
  }

  static void backward(const float* grad_y, const int32_t* argmax, int64_t top, int64_t bottom,
                       float* grad_x) {
    const Floats g = get<Floats>(grad_y);
    const Numbers where = get<Numbers>(argmax);
    const auto share = [&](int64_t at) {
      const Floats even = where == columns(at) ? g : Floats{}, odd = where == columns(at + 1) ? g : Floats{};
      put(grad_x + at, __builtin_shufflevector(even, odd, i / 2 + i % 2 * n...));
      put(grad_x + at + n, __builtin_shufflevector(even, odd, (n + i) / 2 + (n + i) % 2 * n...));
    };
    share(top);
    share(bottom);
  }
};

// Calls f(Windows, row, column) for what covers all rows of windows, in the order of their rows.
template <class F>
void for_windows(int64_t rows, int64_t width, const F& f) {
  const auto cover = [&](int64_t row, auto windows, int64_t n) {
    for (int64_t j = 0; j < width; j += n) f(windows, row, smaller(j, width - n));
  };
  for (int64_t row = 0; row < rows; ++row) {
    if (width >= most_windows) {
      cover(row, Windows<most_windows>(), most_windows);
    } else if (width > 4 && row + 1 < rows) {
      f(Windows<most_windows>(), row, 0);  // and what of the next row is overwritten by its own turn
    } else if (width >= 4) {
      cover(row, Windows<4>(), 4);
    } else {
      cover(row, Windows<1>(), 1);
    }
  }
}

void max_pool_2x2(int64_t rows, int64_t width, const float* x, int64_t pitch, float* y, int32_t* argmax) {
  for_windows(rows, width, [&](auto windows, int64_t row, int64_t column) {
    const int64_t top = 2 * (row * pitch + column), to = row * width + column;
    if (argmax == nullptr) {
      windows.forward(x, top, top + pitch, y + to);
    } else {
      windows.forward(x, top, top + pitch, y + to, argmax + to);
    }
  });
}

void max_pool_2x2_backward(int64_t rows, int64_t width, const float* grad_y, const int32_t* argmax,
                           float* grad_x, int64_t pitch) {
  for_windows(rows, width, [&](auto windows, int64_t row, int64_t column) {
    const int64_t top = 2 * (row * pitch + column), from = row * width + column;
    windows.backward(grad_y + from, argmax + from, top, top + pitch, grad_x);
  });
}

}  // namespace
}  // namespace tinynn::kernels::simd::TINYNN_ISA
