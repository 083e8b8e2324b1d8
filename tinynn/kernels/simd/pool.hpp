// Selections in place of branches: which of four pixels is the largest cannot be predicted. Four results at a
// time, for rows of images are short; the last four of a row may overlap those before them.
#pragma once

#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

using FourNumbers = int32_t __attribute__((vector_size(16)));
typedef int32_t UnalignedFourNumbers __attribute__((vector_size(16), aligned(4), may_alias));

// Four pixels of every second column, from the first or the second one on.
struct Pixels {
  Four even, odd;
  explicit Pixels(const float* row) {
    const Four a = load_four(row), b = load_four(row + 4);
    even = __builtin_shufflevector(a, b, 0, 2, 4, 6);
    odd = __builtin_shufflevector(a, b, 1, 3, 5, 7);
  }
};

// The largest of four windows, and if asked for the place where it was.
template <bool place>
void four_windows(const float* top, const float* bottom, int32_t top_at, int32_t bottom_at, float* y,
                  int32_t* argmax) {
  const Pixels above(top), below(bottom);
  const FourNumbers column = {0, 2, 4, 6};
  Four largest = above.even;
  FourNumbers where = column + top_at;
  const auto see = [&](Four value, int32_t at) {
    // A later value wins if it is larger, or if it is not a number.
    const FourNumbers wins = (value > largest) | (value != value);
    where = wins ? column + at : where;
    largest = wins ? value : largest;
  };
  see(above.odd, top_at + 1);
  see(below.even, bottom_at);
  see(below.odd, bottom_at + 1);
  store_four(y, largest);
  if constexpr (place) *reinterpret_cast<UnalignedFourNumbers*>(argmax) = where;
}

template <bool place>
void row_of_windows(int64_t width, const float* top, const float* bottom, int32_t top_at, int32_t bottom_at,
                    float* y, int32_t* argmax) {
  for (int64_t j = 0; width >= 4 && j < width; j += 4) {
    const int64_t at = smaller(j, width - 4);
    const auto column = static_cast<int32_t>(2 * at);
    four_windows<place>(top + 2 * at, bottom + 2 * at, top_at + column, bottom_at + column, y + at,
                        place ? argmax + at : nullptr);
  }
  if (width >= 4) return;
  // Fewer than four, as if there were four.
  float above[8] = {}, below[8] = {}, largest[4];
  int32_t where[4];
  for (int64_t i = 0; i < 2 * width; ++i) {
    above[i] = top[i];
    below[i] = bottom[i];
  }
  four_windows<place>(above, below, top_at, bottom_at, largest, where);
  for (int64_t j = 0; j < width; ++j) {
    y[j] = largest[j];
    if constexpr (place) argmax[j] = where[j];
  }
}

void max_pool_2x2(int64_t width, const float* top, const float* bottom, int32_t top_at, int32_t bottom_at,
                  float* y, int32_t* argmax) {
  const auto row = argmax == nullptr ? row_of_windows<false> : row_of_windows<true>;
  row(width, top, bottom, top_at, bottom_at, y, argmax);
}

void max_pool_2x2_backward(int64_t width, const float* grad_y, const int32_t* argmax, int32_t top_at,
                           int32_t bottom_at, float* top, float* bottom) {
  const auto four = [&](int64_t at) {
    const Four g = load_four(grad_y + at);
    const FourNumbers column = FourNumbers{0, 2, 4, 6} + static_cast<int32_t>(2 * at);
    const FourNumbers where = *reinterpret_cast<const UnalignedFourNumbers*>(argmax + at) - column;
    const auto share = [&](int32_t place, float* row) {  // of the pixels at even and odd columns
      const Four even = where == place ? g : Four{}, odd = where == place + 1 ? g : Four{};
      store_four(row + 2 * at, __builtin_shufflevector(even, odd, 0, 4, 1, 5));
      store_four(row + 2 * at + 4, __builtin_shufflevector(even, odd, 2, 6, 3, 7));
    };
    share(top_at, top);
    share(bottom_at, bottom);
  };
  for (int64_t j = 0; width >= 4 && j < width; j += 4) four(smaller(j, width - 4));
  for (int64_t j = 0; width < 4 && j < width; ++j) {
    for (int64_t i = 2 * j; i < 2 * j + 2; ++i) {
      top[i] = argmax[j] == top_at + i ? grad_y[j] : 0;
      bottom[i] = argmax[j] == bottom_at + i ? grad_y[j] : 0;
    }
  }
}

}  // namespace
}  // namespace tinynn::kernels::simd::TINYNN_ISA
