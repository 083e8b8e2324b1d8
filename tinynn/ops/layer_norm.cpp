// Normalisation of each sample by itself: layer_norm and group_norm.
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

using autograd::Link, detail::data_or_null;

void check_fits(const Op& op, const char* name, const Tensor& t, const Tensor& x, const Shape& expected) {
  check(!t.defined() || t.shape() == expected, op.name, ": ", name, " ", t.defined() ? t.shape() : Shape(),
        " does not fit input ", x.shape(), ": expected ", expected);
}

Tensor row_norm(const Op& op, const Tensor& x, const kernels::RowNormSizes& s, const Tensor& weight,
                const Tensor& bias, double eps, std::initializer_list<autograd::Setting> settings) {
  struct Moments {
    std::vector<double> mean, inv_std;
  };
  const auto moments = std::make_shared<Moments>();
  moments->mean.resize(static_cast<size_t>(s.rows));
  moments->inv_std.resize(static_cast<size_t>(s.rows));
  Tensor y(x.shape());
  kernels::row_norm_forward(s, eps, x.data(), data_or_null(weight), data_or_null(bias), y.mutable_data(),
                            moments->mean.data(), moments->inv_std.data());

  // With x^ = (x - mean) inv_std and g = grad_y weight: grad_weight = sum grad_y x^, grad_bias = sum grad_y,
  // grad_x = inv_std (g - mean of g - x^ mean of g x^), means over a row, for its moments move with x.
  const auto backward = [=](const Tensor& grad_y) {
    detail::hand_on_norm_grads(grad_y, x, weight, bias,
                               [&](float* grad_x, float* grad_weight, float* grad_bias) {
                                 kernels::row_norm_backward(s, grad_y.data(), x.data(), moments->mean.data(),
                                                            moments->inv_std.data(), data_or_null(weight),
                                                            grad_x, grad_weight, grad_bias);
                               });
  };
  return autograd::record(op, y, {x, weight, bias}, backward, settings);
}

// Pins a dimension of input and result, and of weight and bias the one that goes with it.
void pin(autograd::Channels& c, int64_t dim, int64_t of_weight, const char* reason) {
  c.pin({0, dim}, reason);
  c.pin({autograd::result, dim}, reason);
  for (const int64_t input : {1, 2}) {
    if (of_weight >= 0 && c.shape(input) != nullptr) c.pin({input, of_weight}, reason);
  }
}

void layer_norm_channels(autograd::Channels& c) {
  const int64_t rank = c.shape(0)->rank(), first = rank - c.attributes().whole("dims");
  for (int64_t d = 0; d < first; ++d) c.link(Link::carries, {0, d}, {autograd::result, d});
  for (int64_t d = first; d < rank; ++d) pin(c, d, d - first, "layer_norm normalises over it");
}

// Groups go as a whole, and a channel of the result is made of all channels of its group. Deleting one of a
// group would move the mean of the others.
void group_norm_channels(autograd::Channels& c) {
  constexpr const char* reason = "group_norm normalises over it";
  const Shape& x = *c.shape(0);
  const int64_t per_group = c.attributes().whole("channels_per_group");
  c.link(Link::carries, {0, 0}, {autograd::result, 0});
  for (int64_t d = 2; d < x.rank(); ++d) pin(c, d, -1, reason);
  if (x[1] == per_group) return pin(c, 1, 0, reason);
  for (int64_t j = 0; j < x[1]; ++j) {
    const int64_t first = j / per_group * per_group;
    for (int64_t i = first; i < first + per_group; ++i)
      c.link(Link::carries, {0, 1}, i, {autograd::result, 1}, j);
  }
  c.link(Link::multiplies, {1, 0}, {autograd::result, 1});
  c.link(Link::shifts, {2, 0}, {autograd::result, 1});
}

void check_has_channels(const Tensor& x) {
  check(x.rank() >= 2 && x.size(1) > 0, ops::group_norm.name, ": input ", x.shape(),
        " is not (n, c, ...) with channels");
}

Tensor by_channels(const Tensor& x, int64_t per_group, const Tensor& weight, const Tensor& bias, double eps) {
  check_has_channels(x);
  const int64_t c = x.size(1), inner = x.shape().inner(1);
  check(per_group >= 1 && c % per_group == 0, ops::group_norm.name, ": groups of ", per_group,
        " channels do not divide input ", x.shape());
  check_fits(ops::group_norm, "weight", weight, x, {c});
  check_fits(ops::group_norm, "bias", bias, x, {c});
  return row_norm(ops::group_norm, x, {x.size(0) * (c / per_group), per_group * inner, c, inner}, weight,
                  bias, eps, {{"channels_per_group", per_group}, {"eps", eps}});
}

}  // namespace

const Op ops::layer_norm("layer_norm", {.channels = layer_norm_channels}, [](const auto& a) {
  return tinynn::layer_norm(a[0], a.whole("dims"), a[1], a[2], a.number("eps"));
});

Tensor layer_norm(const Tensor& x, int64_t dims, const Tensor& weight, const Tensor& bias, double eps) {
  check(dims >= 1 && dims <= x.rank(), "layer_norm: over the last ", dims, " dimensions of input ", x.shape(),
        ": expected at least 1, and as many as there are at most");
  const Shape last(std::span(x.shape().end() - dims, x.shape().end()));
  check_fits(ops::layer_norm, "weight", weight, x, last);
  check_fits(ops::layer_norm, "bias", bias, x, last);
  const int64_t columns = last.numel(), rows = x.shape().outer(x.rank() - dims);
  return row_norm(ops::layer_norm, x, {rows, columns, columns, 1}, weight, bias, eps,
                  {{"dims", dims}, {"eps", eps}});
}

// It records how many channels a group has, which stays when groups are deleted.
const Op ops::group_norm("group_norm", {.channels = group_norm_channels}, [](const auto& a) {
  return by_channels(a[0], a.whole("channels_per_group"), a[1], a[2], a.number("eps"));
});

Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, double eps) {
  check_has_channels(x);
  check(groups >= 1 && x.size(1) % groups == 0, "group_norm: ", groups,
        " groups do not divide the channels of input ", x.shape());
  return by_channels(x, x.size(1) / groups, weight, bias, eps);
}

}  // namespace tinynn
