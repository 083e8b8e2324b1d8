#include <algorithm>
#include <array>
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

using Sums = std::array<double, 2>;

}  // namespace

// In one pass, less the channel's first element: what is subtracted at the end is then no larger than what is
// left.
void channel_moments(const NormSizes& s, const float* x, double* mean, double* variance) {
  const auto count = static_cast<double>(s.values_per_channel());
  const simd::Table& table = simd::table();
  for_channels(s, [&](int64_t begin, int64_t end) {
    std::vector<Sums> sums(static_cast<size_t>(end - begin));
    const auto first = [&](int64_t c) { return static_cast<double>(x[c * s.inner]); };
    for_rows(s, begin, end, [&](int64_t c, int64_t row) {
      table.add_moments(s.inner, x + row, first(c), sums[c - begin].data());
    });
    for (int64_t c = begin; c < end; ++c) {
      const auto [sum, squares] = sums[c - begin];
      mean[c] = first(c) + sum / count;
      variance[c] = std::max((squares - sum * sum / count) / count, 0.0);  // in this order NaN stays
    }
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

void batch_norm_sums(const NormSizes& s, const float* grad_y, const float* x, const double* mean,
                     const double* inv_std, double* sums) {
  const simd::Table& table = simd::table();
  for_channels(s, [&](int64_t begin, int64_t end) {
    std::fill(sums + 2 * begin, sums + 2 * end, 0.0);
    for_rows(s, begin, end, [&](int64_t c, int64_t row) {
      table.add_products(s.inner, grad_y + row, x + row, mean[c], sums + 2 * c);
    });
    for (int64_t c = begin; c < end; ++c) sums[2 * c + 1] *= inv_std[c];
  });
}

void batch_norm_grad(const NormSizes& s, const float* grad_y, const float* x, const double* mean,
                     const double* inv_std, const float* weight, const double* sums, double count,
                     float* grad_x) {
  const simd::Table& table = simd::table();
  for_channels(s, [&](int64_t begin, int64_t end) {
    for_rows(s, begin, end, [&](int64_t c, int64_t row) {
      const auto scale = static_cast<float>(inv_std[c]) * (weight != nullptr ? weight[c] : 1.0F);
      const auto m = static_cast<float>(mean[c]);
      const auto shift = sums != nullptr ? static_cast<float>(sums[2 * c] / count) : 0.0F;
      const auto slope = sums != nullptr ? static_cast<float>(sums[2 * c + 1] / count * inv_std[c]) : 0.0F;
      table.normalize_backward(s.inner, grad_y + row, x + row, m, scale, shift, slope, grad_x + row);
    });
  });
}

}  // namespace tinynn::kernels
