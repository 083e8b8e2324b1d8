// Plain loops with selections in place of branches: which of four pixels is the largest cannot be predicted.
#include <tinynn/kernels/simd/loops.hpp>
#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {
namespace {

// A later value wins if it is larger, or if it is not a number.
bool wins(float value, float largest) { return (value > largest) | (value != value); }

}  // namespace

void max_pool_2x2(int64_t width, const float* top, const float* bottom, float* y) {
  for (int64_t j = 0; j < width; ++j) {
    const float b = top[2 * j + 1], c = bottom[2 * j], d = bottom[2 * j + 1];
    float largest = top[2 * j];
    largest = wins(b, largest) ? b : largest;
    largest = wins(c, largest) ? c : largest;
    largest = wins(d, largest) ? d : largest;
    y[j] = largest;
  }
}

void max_pool_2x2_where(int64_t width, const float* top, const float* bottom, int32_t top_at,
                        int32_t bottom_at, float* y, int32_t* argmax) {
  for (int32_t j = 0; j < static_cast<int32_t>(width); ++j) {
    const float b = top[2 * j + 1], c = bottom[2 * j], d = bottom[2 * j + 1];
    float largest = top[2 * j];
    int32_t where = top_at;
    where = wins(b, largest) ? top_at + 1 : where;
    largest = wins(b, largest) ? b : largest;
    where = wins(c, largest) ? bottom_at : where;
    largest = wins(c, largest) ? c : largest;
    where = wins(d, largest) ? bottom_at + 1 : where;
    largest = wins(d, largest) ? d : largest;
    y[j] = largest;
    argmax[j] = where + 2 * j;
  }
}

}  // namespace tinynn::kernels::simd::TINYNN_ISA
