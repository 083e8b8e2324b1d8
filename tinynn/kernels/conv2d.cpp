#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/conv2d.hpp>
#include <tinynn/kernels/conv2d_paths.hpp>
#include <tinynn/kernels/sum.hpp>

namespace tinynn::kernels {
namespace {

// Direct convolution measured at least as fast as im2col and a matrix product wherever benchmarks/kernels has
// looked, forward and for the input's gradient, but for what follows: strided gradients of the input, which
// it does not know, and sums over so few positions that adding up lanes is most of their work.
bool backward_input_directly(const Conv2dSizes& s) { return s.stride == 1; }

bool backward_weight_directly(const Conv2dSizes& s) {
  return conv2d_samples_per_chunk(s.n) * s.oh() * s.ow() >= 64;
}

}  // namespace

void conv2d_forward(const Conv2dSizes& s, const float* x, const float* weight, const float* bias, float* y) {
  direct::conv2d_forward(s, x, weight, bias, y);
}

void conv2d_backward_input(const Conv2dSizes& s, const float* grad_y, const float* weight, float* grad_x) {
  (backward_input_directly(s) ? direct::conv2d_backward_input : by_gemm::conv2d_backward_input)(
      s, grad_y, weight, grad_x);
}

void conv2d_backward_weight(const Conv2dSizes& s, const float* grad_y, const float* x, float* grad_weight) {
  (backward_weight_directly(s) ? direct::conv2d_backward_weight : by_gemm::conv2d_backward_weight)(
      s, grad_y, x, grad_weight);
}

void conv2d_backward_bias(const Conv2dSizes& s, const float* grad_y, float* grad_bias) {
  const int64_t positions = s.oh() * s.ow();
  parallel_for(s.o, 4, [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o) {
      double total = 0;
      for (int64_t n = 0; n < s.n; ++n) total += sum_in_lanes(grad_y + (n * s.o + o) * positions, positions);
      grad_bias[o] = static_cast<float>(total);
    }
  });
}

}  // namespace tinynn::kernels
