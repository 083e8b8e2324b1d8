#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/norm.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/kernels/simd/isa.hpp>

namespace tinynn::kernels {
namespace {

using Sums = std::array<double, 2>;

// Calls f(row) for every row, on several threads.
template <class F>
void for_rows(int64_t rows, int64_t columns, const F& f) {
  if (columns == 0) return;
  parallel_for(rows, std::max<int64_t>(1, (1 << 14) / columns), [&](int64_t row, int64_t end) {
    for (; row < end; ++row) f(row);
  });
}

struct Moments {
  double mean, inv_std;
};

// As channel_moments: in one pass, less the first element.
Moments moments_of(int64_t columns, int64_t inner, double eps, const float* x) {
  const auto count = static_cast<double>(columns), first = static_cast<double>(*x);
  Sums sums{};
  if (inner == 1) {
    simd::table().add_moments(columns, x, first, sums.data());
  } else {
    for (int64_t i = 0; i < columns * inner; i += inner) {
      const double centred = static_cast<double>(x[i]) - first;
      sums[0] += centred;
      sums[1] += centred * centred;
    }
  }
  const double variance = std::max((sums[1] - sums[0] * sums[0] / count) / count, 0.0);
  return {first + sums[0] / count, 1 / std::sqrt(variance + eps)};
}

void normalize(int64_t columns, int64_t inner, const Moments& moments, const float* x, float* y) {
  const auto mean = static_cast<float>(moments.mean), scale = static_cast<float>(moments.inv_std);
  if (inner == 1) return simd::table().normalize(columns, x, mean, scale, 0, y);
  for (int64_t i = 0; i < columns * inner; i += inner) y[i] = (x[i] - mean) * scale;
}

// The weights of a row's pieces, and where one is missing what stands for it.
struct Pieces {
  Pieces(const RowNormSizes& s, int64_t row, const float* of_all, float missing)
      : weights(of_all == nullptr ? nullptr : of_all + row * s.columns / s.span % s.weights), none(missing) {}
  float operator[](int64_t piece) const { return weights == nullptr ? none : weights[piece]; }

  const float* weights;
  float none;
};

void scale_and_shift(const RowNormSizes& s, const Pieces& weight, const Pieces& bias, float* y) {
  if (weight.weights == nullptr && bias.weights == nullptr) return;
  if (s.span == 1) {
    for (int64_t k = 0; k < s.columns; ++k) y[k] = y[k] * weight[k] + bias[k];
    return;
  }
  for (int64_t p = 0; p < s.columns / s.span; ++p, y += s.span) {
    simd::table().normalize(s.span, y, 0, weight[p], bias[p], y);
  }
}

// Sums over a row: of g = grad_y weight, and of g (x - mean).
Sums weighted_sums(const RowNormSizes& s, const Pieces& weight, const float* grad_y, const float* x,
                   double mean) {
  if (s.span == 1) {
    const auto g = [&](int64_t k) { return static_cast<double>(grad_y[k]) * static_cast<double>(weight[k]); };
    return {sum_in_lanes(s.columns, g),
            sum_in_lanes(s.columns, [&](int64_t k) { return g(k) * (static_cast<double>(x[k]) - mean); })};
  }
  Sums sums{};
  for (int64_t p = 0; p < s.columns / s.span; ++p) {
    Sums piece{};
    simd::table().add_products(s.span, grad_y + p * s.span, x + p * s.span, mean, piece.data());
    for (size_t k = 0; k < 2; ++k) sums[k] += static_cast<double>(weight[p]) * piece[k];
  }
  return sums;
}

// The gradients of weight and bias: each element's is summed in the order of the rows.
void weight_gradients(const RowNormSizes& s, const float* grad_y, const float* x, const double* mean,
                      const double* inv_std, float* grad_weight, float* grad_bias) {
  const int64_t turns = s.rows * s.columns / (s.weights * s.span);
  const int64_t worth_a_thread = (1 << 14) / std::max<int64_t>(1, turns * s.span);
  parallel_for(s.weights, std::max<int64_t>(16, worth_a_thread), [&](int64_t begin, int64_t end) {
    std::vector<Sums> sums(static_cast<size_t>(end - begin));
    for (int64_t turn = 0; turn < turns; ++turn) {
      for (int64_t w = begin; w < end; ++w) {
        const int64_t at = (turn * s.weights + w) * s.span, row = at / s.columns;
        const auto g = static_cast<double>(grad_y[at]);
        Sums piece{g, g * (static_cast<double>(x[at]) - mean[row])};
        if (s.span > 1) {
          piece = {};
          simd::table().add_products(s.span, grad_y + at, x + at, mean[row], piece.data());
        }
        sums[w - begin][0] += piece[0];
        sums[w - begin][1] += piece[1] * inv_std[row];
      }
    }
    for (int64_t w = begin; w < end; ++w) {
      if (grad_bias != nullptr) grad_bias[w] = static_cast<float>(sums[w - begin][0]);
      if (grad_weight != nullptr) grad_weight[w] = static_cast<float>(sums[w - begin][1]);
    }
  });
}

}  // namespace

void normalize_rows(int64_t outer, int64_t columns, int64_t inner, double eps, const float* x, float* y) {
  for_rows(outer * inner, columns, [=](int64_t row) {
    const int64_t start = row / inner * columns * inner + row % inner;
    normalize(columns, inner, moments_of(columns, inner, eps, x + start), x + start, y + start);
  });
}

void row_norm_forward(const RowNormSizes& s, double eps, const float* x, const float* weight,
                      const float* bias, float* y, double* mean, double* inv_std) {
  for_rows(s.rows, s.columns, [&](int64_t row) {
    const int64_t start = row * s.columns;
    const Moments moments = moments_of(s.columns, 1, eps, x + start);
    mean[row] = moments.mean;
    inv_std[row] = moments.inv_std;
    normalize(s.columns, 1, moments, x + start, y + start);
    scale_and_shift(s, {s, row, weight, 1}, {s, row, bias, 0}, y + start);
  });
}

void row_norm_backward(const RowNormSizes& s, const float* grad_y, const float* x, const double* mean,
                       const double* inv_std, const float* weight, float* grad_x, float* grad_weight,
                       float* grad_bias) {
  if (s.columns == 0) {
    for (float* grad : {grad_weight, grad_bias})
      if (grad != nullptr) std::fill_n(grad, s.weights, 0.0F);
    return;
  }
  if (grad_weight != nullptr || grad_bias != nullptr)
    weight_gradients(s, grad_y, x, mean, inv_std, grad_weight, grad_bias);
  if (grad_x == nullptr) return;
  const auto count = static_cast<double>(s.columns);
  for_rows(s.rows, s.columns, [&](int64_t row) {
    const int64_t start = row * s.columns;
    const Pieces w(s, row, weight, 1);
    const auto [sum, product] = weighted_sums(s, w, grad_y + start, x + start, mean[row]);
    const auto m = static_cast<float>(mean[row]), scale = static_cast<float>(inv_std[row]),
               shift = static_cast<float>(sum / count),
               slope = static_cast<float>(product / count * inv_std[row] * inv_std[row]);
    for (int64_t p = 0, i = start; p < s.columns / s.span; ++p) {
      const float here = w[p];
      for (const int64_t end = i + s.span; i < end; ++i) {
        grad_x[i] = scale * (grad_y[i] * here - shift - (x[i] - m) * slope);
      }
    }
  });
}

}  // namespace tinynn::kernels
