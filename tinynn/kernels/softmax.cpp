#include <algorithm>
#include <cmath>

#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/softmax.hpp>

namespace tinynn::kernels {

void log_softmax_forward(int64_t rows, int64_t columns, const float* x, float* y) {
  const int64_t grain = std::max<int64_t>(1, (1 << 12) / std::max<int64_t>(1, columns));
  parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const float* in = x + r * columns;
      const float largest = *std::max_element(in, in + columns);
      double sum = 0;
      for (int64_t c = 0; c < columns; ++c) sum += static_cast<double>(std::exp(in[c] - largest));
      // Subtracted one after the other: next to a large logit the logarithm would be rounded away.
      const auto log_sum = static_cast<float>(std::log(sum));
      for (int64_t c = 0; c < columns; ++c) y[r * columns + c] = in[c] - largest - log_sum;
    }
  });
}

}  // namespace tinynn::kernels
