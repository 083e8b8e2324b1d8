#include <algorithm>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/ops/prelu.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn {
namespace {

// Which slope an element has: each serves `inner` elements in a row, then it is the next one's turn.
struct Turns {
  int64_t slopes, inner;

  // Calls f(slope, begin, end) for the runs of one slope each that make up [begin, end).
  template <class F>
  void for_runs(int64_t begin, int64_t end, const F& f) const {
    while (begin < end) {
      const int64_t run = begin / inner, stop = std::min(end, (run + 1) * inner);
      f(run % slopes, begin, stop);
      begin = stop;
    }
  }
};

Turns checked_turns(const Tensor& x, const Tensor& weight) {
  const bool has_channels = x.rank() >= 2;
  const bool fits = weight.shape() == Shape{1} || (has_channels && weight.shape() == Shape{x.size(1)});
  check(fits || has_channels, "prelu: weight ", weight.shape(), " does not fit input ", x.shape(),
        ": expected (1)");
  check(fits, "prelu: weight ", weight.shape(), " does not fit input ", x.shape(), ": expected (1) or ",
        has_channels ? Shape{x.size(1)} : Shape());
  if (weight.numel() == 1) return {1, std::max<int64_t>(x.numel(), 1)};
  return {x.size(1), std::max<int64_t>(x.shape().inner(1), 1)};
}

// The sum over one slope's elements, in an order that no thread changes.
float grad_of_slope(const Turns& turns, int64_t slope, int64_t count, const float* grad_y, const float* x) {
  double sum = 0;
  for (int64_t begin = slope * turns.inner; begin < count; begin += turns.slopes * turns.inner) {
    sum += kernels::sum_in_lanes(turns.inner, [g = grad_y + begin, v = x + begin](int64_t i) {
      return v[i] > 0 ? 0.0 : static_cast<double>(g[i]) * static_cast<double>(v[i]);
    });
  }
  return static_cast<float>(sum);
}

// A slope goes with its channel, but does not make it zero; one for all stays.
void channel_slopes(autograd::Channels& c) {
  using autograd::Link, autograd::result;
  c.carry_all(0);
  const Shape &x = *c.shape(0), &weight = *c.shape(1);
  if (weight[0] > 1) return c.link(Link::carries, {1, 0}, {result, 1});
  for (int64_t j = 0; x.rank() >= 2 && j < x[1]; ++j) c.link(Link::spreads, {1, 0}, 0, {result, 1}, j);
}

}  // namespace

const Op ops::prelu("prelu", {.channels = channel_slopes},
                    [](const auto& a) { return tinynn::prelu(a[0], a[1]); });

Tensor prelu(const Tensor& x, const Tensor& weight) {
  const Turns turns = checked_turns(x, weight);
  Tensor y(x.shape());
  kernels::in_pieces(x.numel(), [&, from = x.data(), to = y.mutable_data()](int64_t begin, int64_t size) {
    turns.for_runs(begin, begin + size, [&](int64_t slope, int64_t first, int64_t end) {
      const float w = weight.data()[slope];
      for (int64_t i = first; i < end; ++i) to[i] = from[i] > 0 ? from[i] : w * from[i];
    });
  });
  // grad_x = grad_y where x > 0, weight grad_y elsewhere; grad_weight = sum of x grad_y where x <= 0
  return autograd::record(ops::prelu, y, {x, weight}, [=](const Tensor& grad_y) {
    autograd::hand_on_grad(weight, [&](float* grad) {
      const int64_t grain = std::max<int64_t>(1, kernels::pointwise_grain * turns.slopes / (x.numel() + 1));
      parallel_for(turns.slopes, grain, [&](int64_t slope, int64_t end) {
        for (; slope < end; ++slope)
          grad[slope] = grad_of_slope(turns, slope, x.numel(), grad_y.data(), x.data());
      });
    });
    if (!x.requires_grad()) return;
    Tensor grad_x = autograd::take_over(grad_y);
    kernels::in_pieces(x.numel(), [&, to = grad_x.mutable_data()](int64_t begin, int64_t size) {
      turns.for_runs(begin, begin + size, [&](int64_t slope, int64_t first, int64_t end) {
        const float w = weight.data()[slope];
        for (int64_t i = first; i < end; ++i) {
          to[i] = x.data()[i] > 0 ? grad_y.data()[i] : w * grad_y.data()[i];
        }
      });
    });
    autograd::accumulate_grad(x, std::move(grad_x));
  });
}

}  // namespace tinynn
