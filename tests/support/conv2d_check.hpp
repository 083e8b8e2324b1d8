// One random convolution, all that the kernels compute of it, and a check of that against the naive twin.
#pragma once

#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/mask.hpp>
#include <tinynn/kernels/conv2d.hpp>
#include <tinynn/kernels/sparse.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/conv2d_sizes.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/naive.hpp"

namespace test {

struct Convolution {
  Conv2dSizes s;
  std::vector<float> x, weight, bias, grad_y;

  Convolution(Draw& draw, const Conv2dSizes& sizes)
      : s(sizes),
        x(draw.numbers(s.n * s.c * s.h * s.w)),
        weight(draw.numbers(s.o * (s.c / s.groups) * s.kh * s.kw)),
        bias(draw.numbers(s.o)),
        grad_y(draw.numbers(s.n * s.o * s.oh() * s.ow())) {}
};

// Everything that the kernels compute of one convolution. Outputs start as NaN: they are to be overwritten.
struct Conv2dResults {
  std::vector<float> y, y_with_bias, grad_x, grad_weight, grad_bias;

  explicit Conv2dResults(const Convolution& c)
      : y(c.grad_y.size(), not_a_number),
        y_with_bias(y),
        grad_x(c.x.size(), not_a_number),
        grad_weight(c.weight.size(), not_a_number),
        grad_bias(c.bias.size(), not_a_number) {
    tinynn::kernels::conv2d_forward(c.s, c.x.data(), c.weight.data(), nullptr, y.data());
    tinynn::kernels::conv2d_forward(c.s, c.x.data(), c.weight.data(), c.bias.data(), y_with_bias.data());
    tinynn::kernels::conv2d_backward_input(c.s, c.grad_y.data(), c.weight.data(), grad_x.data());
    tinynn::kernels::conv2d_backward_weight(c.s, c.grad_y.data(), c.x.data(), grad_weight.data());
    tinynn::kernels::conv2d_backward_bias(c.s, c.grad_y.data(), grad_bias.data());
  }
};

/// `tolerance` as difference() has it: sums of many products need more of it.
inline void check_against_naive(const Convolution& c, double tolerance = 1e-5) {
  CAPTURE(describe(c.s));
  const Conv2dResults fast(c);
  const NaiveConv2d slow(c.s, c.x, c.weight, c.grad_y);
  std::vector<double> y_with_bias = slow.y, grad_bias(c.bias.size());
  const auto positions = static_cast<size_t>(c.s.oh() * c.s.ow());
  for (size_t i = 0; i < y_with_bias.size(); ++i) {
    const size_t o = i / positions % c.bias.size();
    y_with_bias[i] += static_cast<double>(c.bias[o]);
    grad_bias[o] += static_cast<double>(c.grad_y[i]);
  }
  REQUIRE(difference(fast.y, slow.y, tolerance) == "");
  REQUIRE(difference(fast.y_with_bias, y_with_bias, tolerance) == "");
  REQUIRE(difference(fast.grad_x, slow.grad_x, tolerance) == "");
  REQUIRE(difference(fast.grad_weight, slow.grad_weight, tolerance) == "");
  REQUIRE(difference(fast.grad_bias, grad_bias, tolerance) == "");
}

/// The same, of one group, for a weight of which only `alive` is multiplied and gets a gradient: agreement
/// with dense kernels on a weight of zeros, whose values where it is dead must not matter.
inline void check_sparse_against_naive(Convolution c, const tinynn::Mask& alive, double tolerance = 1e-5) {
  CAPTURE(describe(c.s));
  const tinynn::kernels::SparsePattern pattern(alive.data(), c.s.o,
                                               static_cast<int64_t>(c.weight.size()) / c.s.o);
  Convolution zeros = c;
  alive.select(zeros.weight.data());
  const bool reads_dead =
      c.s.stride != tinynn::Size2(1) || c.s.oh() * c.s.ow() < 4;  // kernels that are dense
  if (reads_dead) c.weight = zeros.weight;
  std::vector<float> y(c.grad_y.size(), not_a_number), grad_x(c.x.size(), not_a_number),
      grad_weight(c.weight.size()), packed(static_cast<size_t>(pattern.count()), not_a_number);
  tinynn::kernels::conv2d_forward(c.s, c.x.data(), c.weight.data(), nullptr, y.data(), &pattern);
  tinynn::kernels::conv2d_backward_input(c.s, c.grad_y.data(), c.weight.data(), grad_x.data(), &pattern);
  tinynn::kernels::conv2d_backward_weight(c.s, c.grad_y.data(), c.x.data(), packed.data(), &pattern);
  tinynn::kernels::unpack_live(pattern, packed.data(), grad_weight.data());
  NaiveConv2d slow(zeros.s, zeros.x, zeros.weight, zeros.grad_y);
  for (size_t i = 0; i < slow.grad_weight.size(); ++i) {
    if (!alive[static_cast<int64_t>(i)]) slow.grad_weight[i] = 0;
  }
  REQUIRE(difference(y, slow.y, tolerance) == "");
  REQUIRE(difference(grad_x, slow.grad_x, tolerance) == "");
  REQUIRE(difference(grad_weight, slow.grad_weight, tolerance) == "");
}

}  // namespace test
