#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/kernels/norm.hpp>
#include <tinynn/ops/norm.hpp>
#include <tinynn/ops/norm_grads.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn {
namespace {

using detail::data_or_null;

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
  check(!training || s.values_per_channel() != 1,
        "batch_norm: Expected more than 1 value per channel when training, got input ", x.shape());
  return s;
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
  struct Moments {
    std::vector<double> mean, inv_std;  // inv_std holds the variance at first
  };
  const auto moments = std::make_shared<Moments>();
  auto& [mean, inv_std] = *moments;
  if (!training) {
    mean.assign(running_mean.values().begin(), running_mean.values().end());
    inv_std.assign(running_var.values().begin(), running_var.values().end());
  } else {
    mean.resize(static_cast<size_t>(s.c));
    inv_std.resize(static_cast<size_t>(s.c));
    if (x.numel() > 0) kernels::channel_moments(s, x.data(), mean.data(), inv_std.data());
    if (x.numel() > 0 && running_mean.defined()) {
      const auto count = static_cast<double>(s.values_per_channel());
      move_towards(running_mean, mean, 1, options.momentum);
      move_towards(running_var, inv_std, count / (count - 1), options.momentum);
    }
  }
  for (double& v : inv_std) v = 1 / std::sqrt(v + options.eps);
  Tensor y(x.shape());
  kernels::batch_norm_forward(s, x.data(), mean.data(), inv_std.data(), data_or_null(weight),
                              data_or_null(bias), y.mutable_data());

  // With x^ = (x - mean) inv_std: grad_weight = sum grad_y x^, grad_bias = sum grad_y, and grad_x =
  // weight inv_std grad_y, in training less its mean and its projection on x^, for mean and inv_std move with
  // x.
  const auto backward = [=](const Tensor& grad_y) {
    detail::hand_on_norm_grads(
        grad_y, x, weight, bias, [&](float* grad_x, float* grad_weight, float* grad_bias) {
          kernels::batch_norm_backward(s, grad_y.data(), x.data(), moments->mean.data(),
                                       moments->inv_std.data(), data_or_null(weight), training, grad_x,
                                       grad_weight, grad_bias);
        });
  };
  // The running statistics are inputs, too: they have channels, and are cut with them.
  return autograd::record(ops::batch_norm, y, {x, weight, bias, running_mean, running_var}, backward,
                          {{"momentum", options.momentum}, {"eps", options.eps}});
}

}  // namespace tinynn
