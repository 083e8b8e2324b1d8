#include <utility>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/kernels/linear.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/ops/linear.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn {

namespace {

// A row of the weight produces an output, a column reads an input.
void linear_channels(autograd::Channels& c) {
  using autograd::Link, autograd::result;
  const int64_t last = c.shape(0)->rank() - 1;
  c.carry_all(0, last);
  c.link(Link::consumes, {1, 1}, {0, last});
  c.link(Link::produces, {1, 0}, {result, last});
  c.link(Link::shifts, {2, 0}, {result, last});
}

int64_t linear_macs(const std::vector<Tensor>& inputs, const Tensor& y) {
  return count_nonzero(inputs[1]) * y.shape().outer(-1);
}

}  // namespace

const Op ops::linear("linear", {.channels = linear_channels, .macs = linear_macs},
                     [](const auto& a) { return tinynn::linear(a[0], a[1], a[2]); });

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check(weight.rank() == 2, "linear: weight ", weight.shape(), " is not (out, in)");
  const int64_t out = weight.size(0), in = weight.size(1);
  check(x.rank() >= 1 && x.size(-1) == in, "linear: input ", x.shape(), " does not fit weight ",
        weight.shape(), ": its last dimension must be ", in);
  if (bias.defined()) {
    check(bias.shape() == Shape{out}, "linear: bias ", bias.shape(), " does not fit weight ", weight.shape(),
          ": expected ", Shape{out});
  }
  const int64_t rows = x.shape().outer(-1);

  Tensor y(x.shape().with(-1, out));
  const auto live = [rows](const Tensor& w) {  // null: dense kernels
    return Parameter::sparse_pattern(w, kernels::sparse_linear_density_for(rows));
  };
  const auto pattern = live(weight);
  const kernels::LinearSizes s{.n = rows, .in = in, .out = out};
  const kernels::Samples samples(x.data());
  kernels::linear_forward(s, samples, weight.data(), bias.defined() ? bias.data() : nullptr, y.mutable_data(),
                          pattern.get());

  return autograd::record(
      ops::linear, y, {x, weight, bias}, [=, blocks = samples.blocks](const Tensor& grad_y) {
        const kernels::Samples g(grad_y.data());
        autograd::hand_on_grad(x, [&](float* grad_x) {  // grad_x = grad_y weight
          kernels::linear_backward_input(s, g, weight.data(), grad_x, pattern.get());
        });
        if (weight.requires_grad()) {  // grad_weight = grad_y^T x
          // The gradients of dead weights may have been asked for since the forward pass.
          const auto still = pattern ? live(weight) : nullptr;
          Buffer grad_weight(still ? still->count() : weight.numel());
          kernels::linear_backward_weight(s, g, {x.data(), blocks}, grad_weight.data(), still.get());
          autograd::accumulate_packed_grad(weight, still, std::move(grad_weight));
        }
        if (bias.requires_grad()) {
          Tensor grad_bias(bias.shape());
          kernels::linear_backward_bias(s, grad_y.data(), grad_bias.mutable_data());
          autograd::accumulate_grad(bias, std::move(grad_bias));
        }
      });
}

}  // namespace tinynn
