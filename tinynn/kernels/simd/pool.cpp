// Selections in place of branches: which of four pixels is the largest cannot be predicted. Four results at a
// time, for rows of images are short; the last four of a row may overlap those before them.
#include <tinynn/kernels/simd/loops.hpp>
#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

using Four = float __attribute__((vector_size(16)));
using FourNumbers = int32_t __attribute__((vector_size(16)));
using FourAnywhere = float __attribute__((vector_size(16), aligned(4), may_alias));
using FourNumbersAnywhere = int32_t __attribute__((vector_size(16), aligned(4), may_alias));

// Four pixels of every second column, from the first or the second one on.
struct Pixels {
  Four even, odd;
  explicit Pixels(const float* row) {
    const Four a = *reinterpret_cast<const FourAnywhere*>(row);
    const Four b = *reinterpret_cast<const FourAnywhere*>(row + 4);
    even = __builtin_shufflevector(a, b, 0, 2, 4, 6);
    odd = __builtin_shufflevector(a, b, 1, 3, 5, 7);
  }
};

// A later value wins if it is larger, or if it is not a number.
FourNumbers wins(Four value, Four largest) { return (value > largest) | (value != value); }

Four four_windows(const float* top, const float* bottom) {
  const Pixels above(top), below(bottom);
  Four largest = above.even;
  largest = wins(above.odd, largest) ? above.odd : largest;
  largest = wins(below.even, largest) ? below.even : largest;
  return wins(below.odd, largest) ? below.odd : largest;
}

// The first four of a row of fewer windows, as if there were four.
struct Filled {
  float top[8] = {}, bottom[8] = {};
  Filled(int64_t width, const float* t, const float* b) {
    for (int64_t i = 0; i < 2 * width; ++i) {
      top[i] = t[i];
      bottom[i] = b[i];
    }
  }
};

}  // namespace

void max_pool_2x2(int64_t width, const float* top, const float* bottom, float* y) {
  if (width < 4) {
    const Filled row(width, top, bottom);
    const Four largest = four_windows(row.top, row.bottom);
    for (int64_t j = 0; j < width; ++j) y[j] = largest[j];
    return;
  }
  for (int64_t j = 0; j < width; j += 4) {
    const int64_t at = smaller(j, width - 4);
    *reinterpret_cast<FourAnywhere*>(y + at) = four_windows(top + 2 * at, bottom + 2 * at);
  }
}

namespace {

void four_windows_where(const float* top, const float* bottom, int32_t top_at, int32_t bottom_at, float* y,
                        int32_t* argmax) {
  const Pixels above(top), below(bottom);
  const FourNumbers column = {0, 2, 4, 6};
  Four largest = above.even;
  FourNumbers where = column + top_at;
  const auto see = [&](Four value, FourNumbers at) {
    const FourNumbers won = wins(value, largest);
    where = won ? at : where;
    largest = won ? value : largest;
  };
  see(above.odd, column + (top_at + 1));
  see(below.even, column + bottom_at);
  see(below.odd, column + (bottom_at + 1));
  *reinterpret_cast<FourAnywhere*>(y) = largest;
  *reinterpret_cast<FourNumbersAnywhere*>(argmax) = where;
}

}  // namespace

void max_pool_2x2_where(int64_t width, const float* top, const float* bottom, int32_t top_at,
                        int32_t bottom_at, float* y, int32_t* argmax) {
  if (width < 4) {
    const Filled row(width, top, bottom);
    float largest[4];
    int32_t where[4];
    four_windows_where(row.top, row.bottom, top_at, bottom_at, largest, where);
    for (int64_t j = 0; j < width; ++j) {
      y[j] = largest[j];
      argmax[j] = where[j];
    }
    return;
  }
  for (int64_t j = 0; j < width; j += 4) {
    const int64_t at = smaller(j, width - 4);
    four_windows_where(top + 2 * at, bottom + 2 * at, top_at + static_cast<int32_t>(2 * at),
                       bottom_at + static_cast<int32_t>(2 * at), y + at, argmax + at);
  }
}

void max_pool_2x2_backward(int64_t width, const float* grad_y, const int32_t* argmax, int32_t top_at,
                           int32_t bottom_at, float* top, float* bottom) {
  const auto four = [&](int64_t at) {
    const Four g = *reinterpret_cast<const FourAnywhere*>(grad_y + at);
    const FourNumbers column = FourNumbers{0, 2, 4, 6} + static_cast<int32_t>(2 * at);
    const FourNumbers where = *reinterpret_cast<const FourNumbersAnywhere*>(argmax + at) - column;
    const auto share = [&](int32_t place, float* row) {  // of the pixels at even and odd columns
      const Four even = where == place ? g : Four{}, odd = where == place + 1 ? g : Four{};
      *reinterpret_cast<FourAnywhere*>(row + 2 * at) = __builtin_shufflevector(even, odd, 0, 4, 1, 5);
      *reinterpret_cast<FourAnywhere*>(row + 2 * at + 4) = __builtin_shufflevector(even, odd, 2, 6, 3, 7);
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

}  // namespace tinynn::kernels::simd::TINYNN_ISA
