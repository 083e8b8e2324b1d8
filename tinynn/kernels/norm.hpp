// Normalisation. Batch normalisation: x is (n, c, inner), `inner` being the positions of one channel in one
// sample (1 for (n, c), h*w for images). Statistics are per channel, over n and inner, and are summed in
// double.
#pragma once

#include <cstdint>

namespace tinynn::kernels {

struct NormSizes {
  int64_t n, c, inner;
  int64_t values_per_channel() const { return n * inner; }
};

/// mean (c) and biased variance (c) of x, less the channel's first element, so that a large mean does not
/// drown the variance.
void channel_moments(const NormSizes& s, const float* x, double* mean, double* variance);

/// y = (x - mean) * inv_std * weight + bias, with one mean, inv_std, weight and bias per channel; `weight`
/// and `bias` may be null and stand for 1 and 0.
void batch_norm_forward(const NormSizes& s, const float* x, const double* mean, const double* inv_std,
                        const float* weight, const float* bias, float* y);

/// sums (c, 2): of grad_y, which is the gradient of bias, and of grad_y (x - mean) inv_std, that of weight.
void batch_norm_sums(const NormSizes& s, const float* grad_y, const float* x, const double* mean,
                     const double* inv_std, double* sums);

/// The gradient of x, overwritten; it may be grad_y. Where mean and inv_std were computed from `count` values
/// a channel, x among them, it passes through them, too, and `sums` are those over all the values; else null.
void batch_norm_grad(const NormSizes& s, const float* grad_y, const float* x, const double* mean,
                     const double* inv_std, const float* weight, const double* sums, double count,
                     float* grad_x);

/// x and y (outer, columns, inner): y = (x - mean) / sqrt(variance + eps), with the mean and biased variance
/// of the `columns` numbers of a row, which lie `inner` apart. y may be x.
void normalize_rows(int64_t outer, int64_t columns, int64_t inner, double eps, const float* x, float* y);

/// Layer and group normalisation: rows of `columns` numbers side by side, which are scaled and shifted
/// afterwards. A weight serves `span` numbers in a row, then it is the next one's turn, and after the last
/// the first one's again; a row begins with a new weight.
struct RowNormSizes {
  int64_t rows, columns, weights, span;
};

/// y, and mean and 1 / sqrt(variance + eps) of each row; `weight` and `bias` (weights) may be null and stand
/// for 1 and 0.
void row_norm_forward(const RowNormSizes& s, double eps, const float* x, const float* weight,
                      const float* bias, float* y, double* mean, double* inv_std);

/// The gradients of x, weight and bias, each overwritten, or skipped if null; grad_x may be grad_y.
void row_norm_backward(const RowNormSizes& s, const float* grad_y, const float* x, const double* mean,
                       const double* inv_std, const float* weight, float* grad_x, float* grad_weight,
                       float* grad_bias);

}  // namespace tinynn::kernels
