#include <algorithm>
#include <vector>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/kernels/linear.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/ops/linear.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn {

namespace {

// grad_bias[o] = sum over rows of grad_y[row][o]
Tensor column_sums(const Tensor& grad_y, int64_t rows, int64_t columns) {
  std::vector<double> sums(static_cast<size_t>(columns));
  const float* row = grad_y.data();
  for (int64_t r = 0; r < rows; ++r, row += columns) {
    for (int64_t c = 0; c < columns; ++c) sums[c] += static_cast<double>(row[c]);
  }
  Tensor result(Shape{columns});
  std::ranges::transform(sums, result.mutable_data(), [](double sum) { return static_cast<float>(sum); });
  return result;
}

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
  kernels::linear_forward(s, x.data(), weight.data(), bias.defined() ? bias.data() : nullptr,
                          y.mutable_data(), pattern.get());

  return autograd::record(ops::linear, y, {x, weight, bias}, [=](const Tensor& grad_y) {
    autograd::hand_on_grad(x, [&](float* grad_x) {  // grad_x = grad_y weight
      kernels::linear_backward_input(s, grad_y.data(), weight.data(), grad_x, pattern.get());
    });
    if (weight.requires_grad()) {  // grad_weight = grad_y^T x
      // The gradients of dead weights may have been asked for since the forward pass.
      const auto still = pattern ? live(weight) : nullptr;
      Buffer grad_weight(still ? still->count() : weight.numel());
      kernels::linear_backward_weight(s, grad_y.data(), x.data(), grad_weight.data(), still.get());
      autograd::accumulate_packed_grad(weight, still, std::move(grad_weight));
    }
    if (bias.requires_grad()) autograd::accumulate_grad(bias, column_sums(grad_y, rows, out));
  });
}

}  // namespace tinynn
