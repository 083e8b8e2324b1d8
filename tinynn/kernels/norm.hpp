// Batch normalisation: x is (n, c, inner), `inner` being the positions of one channel in one sample (1 for
// (n, c), h*w for images). Statistics are per channel, over n and inner, and are summed in double.
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

/// The gradients of x (n, c, inner), weight (c) and bias (c), each overwritten, or skipped if null; grad_x
/// may be grad_y. With `batch_moments` the mean and inv_std were computed from x, and the gradient of x
/// passes through them, too.
void batch_norm_backward(const NormSizes& s, const float* grad_y, const float* x, const double* mean,
                         const double* inv_std, const float* weight, bool batch_moments, float* grad_x,
                         float* grad_weight, float* grad_bias);

}  // namespace tinynn::kernels
