#include <algorithm>
#include <vector>

#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/norm.hpp>
#include <tinynn/kernels/simd/isa.hpp>

namespace tinynn::kernels {
namespace {

// Calls f(begin, end) on pieces of the channels; sixteen at least where they lie side by side in memory.
template <class F>
void for_channels(const NormSizes& s, F f) {
  const int64_t worth_a_thread = (1 << 14) / std::max<int64_t>(1, s.values_per_channel());
  parallel_for(s.c, std::max<int64_t>(s.inner == 1 ? 16 : 1, worth_a_thread), f);
}

// Calls f(channel, row) for the rows of `inner` elements of some channels, in the order of memory.
template <class F>
void for_rows(const NormSizes& s, int64_t begin, int64_t end, F f) {
  for (int64_t n = 0; n < s.n; ++n) {
    for (int64_t c = begin; c < end; ++c) f(c, (n * s.c + c) * s.inner);
  }
}

}  // namespace

void channel_moments(const NormSizes& s, const float* x, double* mean, double* variance) {
  const auto count = static_cast<double>(s.values_per_channel());
  const simd::Table& table = simd::table();
  for_channels(s, [&](int64_t begin, int64_t end) {
    std::fill(mean + begin, mean + end, 0.0);
    std::fill(variance + begin, variance + end, 0.0);
    for_rows(s, begin, end, [&](int64_t c, int64_t row) { mean[c] += table.sum(s.inner, x + row); });
    for (int64_t c = begin; c < end; ++c) mean[c] /= count;
    for_rows(s, begin, end,
             [&](int64_t c, int64_t row) { variance[c] += table.sum_of_squares(s.inner, x + row, mean[c]); });
    for (int64_t c = begin; c < end; ++c) variance[c] /= count;
  });
}

void batch_norm_forward(const NormSizes& s, const float* x, const double* mean, const double* inv_std,
                        const float* weight, const float* bias, float* y) {
  const simd::Table& table = simd::table();
  for_channels(s, [&](int64_t begin, int64_t end) {
    for_rows(s, begin, end, [&](int64_t c, int64_t row) {
      const auto m = static_cast<float>(mean[c]), scale = static_cast<float>(inv_std[c]);
      const float w = scale * (weight != nullptr ? weight[c] : 1.0F), b = bias != nullptr ? bias[c] : 0.0F;
      table.normalize(s.inner, x + row, m, w, b, y + row);
    });
  });
}

void batch_norm_backward(const NormSizes& s, const float* grad_y, const float* x, const double* mean,
                         const double* inv_std, const float* weight, bool batch_moments, float* grad_x,
                         float* grad_weight, float* grad_bias) {
  const auto count = static_cast<double>(s.values_per_channel());
  const simd::Table& table = simd::table();
  for_channels(s, [&](int64_t begin, int64_t end) {
    // Per channel: the sum of grad_y, and of grad_y times the normalised x.
    std::vector<double> sums(static_cast<size_t>(end - begin)), dots(sums.size());
    for_rows(s, begin, end, [&](int64_t c, int64_t row) {
      const auto k = static_cast<size_t>(c - begin);
      sums[k] += table.sum(s.inner, grad_y + row);
      dots[k] += inv_std[c] * table.sum_of_products(s.inner, grad_y + row, x + row, mean[c]);
    });
    for (int64_t c = begin; c < end; ++c) {
      const auto k = static_cast<size_t>(c - begin);
      if (grad_weight != nullptr) grad_weight[c] = static_cast<float>(dots[k]);
      if (grad_bias != nullptr) grad_bias[c] = static_cast<float>(sums[k]);
    }
    if (grad_x == nullptr) return;
    for_rows(s, begin, end, [&](int64_t c, int64_t row) {
      const auto k = static_cast<size_t>(c - begin);
      const auto scale = static_cast<float>(inv_std[c]) * (weight != nullptr ? weight[c] : 1.0F);
      const auto m = static_cast<float>(mean[c]);
      const auto shift = batch_moments ? static_cast<float>(sums[k] / count) : 0.0F;
      const auto slope = batch_moments ? static_cast<float>(dots[k] / count * inv_std[c]) : 0.0F;
      table.normalize_backward(s.inner, grad_y + row, x + row, m, scale, shift, slope, grad_x + row);
    });
  });
}

}  // namespace tinynn::kernels
