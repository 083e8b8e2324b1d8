#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/kernels/norm.hpp>
#include <tinynn/ops/norm.hpp>
#include <tinynn/ops/norm_grads.hpp>
#include <tinynn/ops/registry.hpp>
#include <tinynn/ops/sync_batch_norm.hpp>

namespace tinynn {
namespace {

using detail::data_or_null;

thread_local SyncBatchNorm* sync = nullptr;

kernels::NormSizes checked_sizes(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                                 const Tensor& weight, const Tensor& bias, bool training) {
  check(x.rank() >= 2 && x.rank() <= 4, "batch_norm: input ", x.shape(),
        " is not (n, c), (n, c, l) or (n, c, h, w)");
  const kernels::NormSizes s{x.size(0), x.size(1), x.shape().inner(1)};
  const auto check_fits = [&](const char* name, const Tensor& t) {
    check(!t.defined() || t.shape() == Shape{s.c}, "batch_norm: ", name, " ",
          t.defined() ? t.shape() : Shape(), " does not fit input ", x.shape(), ": expected ", Shape{s.c});
  };
  check_fits("running mean", running_mean);
  check_fits("running variance", running_var);
  check_fits("weight", weight);
  check_fits("bias", bias);
  check(running_mean.defined() == running_var.defined() && (training || running_mean.defined()),
        "batch_norm: needs both running statistics, or in training both or none");
  return s;
}

struct Moments {
  double count;                       // of the values of a channel
  std::vector<double> mean, inv_std;  // inv_std holds the variance at first
};

// Of a batch, or of all its parts together.
Moments moments_of(const kernels::NormSizes& s, const Tensor& x) {
  const auto c = static_cast<size_t>(s.c);
  Moments all{static_cast<double>(s.values_per_channel()), std::vector<double>(c), std::vector<double>(c)};
  auto& [count, mean, variance] = all;
  if (x.numel() > 0) kernels::channel_moments(s, x.data(), mean.data(), variance.data());
  if (sync == nullptr) return all;
  std::vector<double> sums(2 * c + 1);
  for (size_t k = 0; k < c; ++k) {
    sums[k] = count * mean[k];
    sums[c + k] = count * (variance[k] + mean[k] * mean[k]);
  }
  sums.back() = count;
  sync->sum(sums);
  count = sums.back();
  for (size_t k = 0; k < c && count > 0; ++k) {
    mean[k] = sums[k] / count;
    variance[k] = std::max(sums[c + k] / count - mean[k] * mean[k], 0.0);
  }
  return all;
}

// running = (1 - momentum) running + momentum batch
void move_towards(Tensor& running, const std::vector<double>& batch, double scale, double momentum) {
  std::ranges::transform(running.values(), batch, running.mutable_data(), [=](float old, double now) {
    return static_cast<float>((1 - momentum) * static_cast<double>(old) + momentum * scale * now);
  });
}

// Inputs are x, weight, bias, running mean and variance: all but x have one element a channel.
void batch_norm_channels(autograd::Channels& c) {
  using autograd::Link, autograd::result;
  c.carry_all(0);
  c.link(Link::multiplies, {1, 0}, {result, 1});
  c.link(Link::shifts, {2, 0}, {result, 1});
  c.link(Link::carries, {3, 0}, {result, 1});
  c.link(Link::carries, {4, 0}, {result, 1});
}

}  // namespace

// Without running statistics the batch's own serve in either mode.
const Op ops::batch_norm("batch_norm", {.channels = batch_norm_channels}, [](const auto& a) {
  return tinynn::batch_norm(
      a[0], a[3], a[4], a[1], a[2],
      {.training = a.training || !a[3].defined(), .momentum = a.number("momentum"), .eps = a.number("eps")});
});

Tensor batch_norm(const Tensor& x, Tensor running_mean, Tensor running_var, const Tensor& weight,
                  const Tensor& bias, const BatchNormOptions& options) {
  const bool training = options.training;
  const auto s = checked_sizes(x, running_mean, running_var, weight, bias, training);
  const auto moments = std::make_shared<Moments>();
  if (training) {
    *moments = moments_of(s, x);
    const double count = moments->count;
    check(count != 1, "batch_norm: Expected more than 1 value per channel when training, got input ",
          x.shape());
    if (count > 0 && running_mean.defined()) {
      move_towards(running_mean, moments->mean, 1, options.momentum);
      move_towards(running_var, moments->inv_std, count / (count - 1), options.momentum);
    }
  } else {
    moments->mean.assign(running_mean.values().begin(), running_mean.values().end());
    moments->inv_std.assign(running_var.values().begin(), running_var.values().end());
  }
  for (double& v : moments->inv_std) v = 1 / std::sqrt(v + options.eps);
  Tensor y(x.shape());
  kernels::batch_norm_forward(s, x.data(), moments->mean.data(), moments->inv_std.data(),
                              data_or_null(weight), data_or_null(bias), y.mutable_data());

  // With x^ = (x - mean) inv_std: grad_weight = sum grad_y x^, grad_bias = sum grad_y, and grad_x =
  // weight inv_std grad_y, in training less its mean and its projection on x^, for mean and inv_std move with
  // x.
  const auto backward = [=](const Tensor& grad_y) {
    const double *mean = moments->mean.data(), *inv_std = moments->inv_std.data();
    std::vector<double> sums(2 * moments->mean.size());
    kernels::batch_norm_sums(s, grad_y.data(), x.data(), mean, inv_std, sums.data());
    detail::hand_on_norm_grads(
        grad_y, x, weight, bias, [&](float* grad_x, float* grad_weight, float* grad_bias) {
          for (size_t k = 0; k < moments->mean.size(); ++k) {
            if (grad_bias != nullptr) grad_bias[k] = static_cast<float>(sums[2 * k]);
            if (grad_weight != nullptr) grad_weight[k] = static_cast<float>(sums[2 * k + 1]);
          }
          if (grad_x == nullptr) return;
          if (training && sync != nullptr) sync->sum(sums);
          kernels::batch_norm_grad(s, grad_y.data(), x.data(), mean, inv_std, data_or_null(weight),
                                   training ? sums.data() : nullptr, moments->count, grad_x);
        });
  };
  // The running statistics are inputs, too: they have channels, and are cut with them.
  return autograd::record(ops::batch_norm, y, {x, weight, bias, running_mean, running_var}, backward,
                          {{"momentum", options.momentum}, {"eps", options.eps}});
}

SyncBatchNorm::SyncBatchNorm(std::function<void(std::span<double>)> s)
    : sum(std::move(s)), before_(std::exchange(sync, this)) {}
SyncBatchNorm::~SyncBatchNorm() { sync = before_; }

}  // namespace tinynn
