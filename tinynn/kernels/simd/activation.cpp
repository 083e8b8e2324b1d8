#include <tinynn/kernels/simd/loops.hpp>
#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {

void relu(int64_t count, const float* x, float* y) {
  for (int64_t i = 0; i < count; ++i) y[i] = x[i] < 0 ? 0 : x[i];
}

// grad_x may be grad_y, as in normalize_backward.
void relu_backward(int64_t count, const float* grad_y, const float* y, float* grad_x) {
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) store(grad_x + i, load(y + i) > 0 ? load(grad_y + i) : Vector{});
  for (; i < count; ++i) grad_x[i] = y[i] > 0 ? grad_y[i] : 0;
}

}  // namespace tinynn::kernels::simd::TINYNN_ISA
