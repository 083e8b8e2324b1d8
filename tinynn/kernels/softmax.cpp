#include <algorithm>
#include <cmath>

#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/softmax.hpp>

namespace tinynn::kernels {
namespace {

// Calls f(start, end) for the first and last position of every run of `columns` elements, `inner` apart.
template <class F>
void for_runs(int64_t rows, int64_t columns, int64_t inner, F f) {
  if (columns == 0) return;
  const int64_t grain = std::max<int64_t>(1, (1 << 12) / columns);
  parallel_for(rows * inner, grain, [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const int64_t start = r / inner * columns * inner + r % inner;
      f(start, start + columns * inner);
    }
  });
}

struct LogSumExp {
  float largest;
  double sum;  // of exp(x - largest)
  LogSumExp(const float* x, int64_t start, int64_t end, int64_t inner) : largest(x[start]), sum(0) {
    for (int64_t i = start; i < end; i += inner) largest = largest < x[i] ? x[i] : largest;
    for (int64_t i = start; i < end; i += inner) sum += static_cast<double>(std::exp(x[i] - largest));
  }
};

}  // namespace

void softmax_forward(int64_t rows, int64_t columns, const float* x, float* y, int64_t inner) {
  for_runs(rows, columns, inner, [=](int64_t start, int64_t end) {
    const LogSumExp run(x, start, end, inner);
    const auto scale = static_cast<float>(1 / run.sum);
    for (int64_t i = start; i < end; i += inner) y[i] = std::exp(x[i] - run.largest) * scale;
  });
}

void log_softmax_forward(int64_t rows, int64_t columns, const float* x, float* y, int64_t inner) {
  for_runs(rows, columns, inner, [=](int64_t start, int64_t end) {
    const LogSumExp run(x, start, end, inner);
    // Subtracted one after the other: next to a large logit the logarithm would be rounded away.
    const auto log_sum = static_cast<float>(std::log(run.sum));
    for (int64_t i = start; i < end; i += inner) y[i] = x[i] - run.largest - log_sum;
  });
}

void softmax_backward(int64_t rows, int64_t columns, const float* y, const float* grad_y, float* grad_x,
                      int64_t inner) {
  for_runs(rows, columns, inner, [=](int64_t start, int64_t end) {
    double dot = 0;
    for (int64_t i = start; i < end; i += inner) {
      dot += static_cast<double>(grad_y[i]) * static_cast<double>(y[i]);
    }
    for (int64_t i = start; i < end; i += inner) grad_x[i] = y[i] * (grad_y[i] - static_cast<float>(dot));
  });
}

void log_softmax_backward(int64_t rows, int64_t columns, const float* y, const float* grad_y, float* grad_x,
                          int64_t inner) {
  for_runs(rows, columns, inner, [=](int64_t start, int64_t end) {
    double sum = 0;
    for (int64_t i = start; i < end; i += inner) sum += static_cast<double>(grad_y[i]);
    for (int64_t i = start; i < end; i += inner) {
      grad_x[i] = grad_y[i] - std::exp(y[i]) * static_cast<float>(sum);
    }
  });
}

}  // namespace tinynn::kernels
