// Sparse and dense kernels agree to rounding, on every instruction set that the machine has.
#include <cmath>

#include <doctest/doctest.h>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/kernels/linear.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/ops/conv2d.hpp>
#include <tinynn/ops/linear.hpp>
#include <tinynn/ops/pointwise.hpp>
#include <tinynn/ops/reduce.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/isas.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;
using kernels::SparsePattern;

namespace {

// The naive twins, in double.
struct Naive {
  std::vector<double> y, grad_x, grad_weight;

  Naive(int64_t n, int64_t rows, int64_t columns, const Mask& mask, const float* x, const float* weight,
        const float* bias, const float* grad_y)
      : y(static_cast<size_t>(n * rows)),
        grad_x(static_cast<size_t>(n * columns)),
        grad_weight(static_cast<size_t>(rows * columns)) {
    for (int64_t s = 0; s < n; ++s) {
      for (int64_t r = 0; r < rows; ++r) {
        double& sum = y[s * rows + r];
        if (bias != nullptr) sum = static_cast<double>(bias[r]);
        const auto g = static_cast<double>(grad_y[s * rows + r]);
        for (int64_t c = 0; c < columns; ++c) {
          if (!mask[r * columns + c]) continue;
          const auto w = static_cast<double>(weight[r * columns + c]),
                     v = static_cast<double>(x[s * columns + c]);
          sum += w * v;
          grad_x[s * columns + c] += w * g;
          grad_weight[r * columns + c] += v * g;
        }
      }
    }
  }
};

}  // namespace

TEST_CASE("kernels. sparse linear kernels agree with naive ones on random masks, shapes and batch sizes") {
  for (const auto& isa : kernels::isas()) {
    const test::Isa forced(isa);
    CAPTURE(isa);
    test::Draw draw(301);
    for (int trial = 0; trial < 60; ++trial) {
      const int64_t n = draw.between(0, 4) == 0 ? draw.between(60, 200) : draw.between(0, 40);
      const int64_t rows = draw.between(1, 70), columns = draw.between(1, 90);
      CAPTURE(trial);
      const Mask mask = draw.mask({rows, columns}, draw.fraction() * 0.6);
      const auto x = draw.numbers(n * columns), g = draw.numbers(n * rows), bias = draw.numbers(rows);
      auto weight = draw.numbers(rows * columns);  // the dead are not read
      for (int64_t i = 0; i < rows * columns; ++i) {
        if (!mask[i]) weight[i] = test::not_a_number;
      }
      const float* b = draw.coin() ? bias.data() : nullptr;
      const SparsePattern pattern(mask.data(), rows, columns);
      CHECK(pattern.count() == mask.count_alive());
      std::vector<float> y(static_cast<size_t>(n * rows)), grad_x(static_cast<size_t>(n * columns)),
          grad_weight(static_cast<size_t>(rows * columns)), packed(static_cast<size_t>(pattern.count()));
      const kernels::LinearSizes s{.n = n, .in = columns, .out = rows};
      kernels::linear_forward(s, x.data(), weight.data(), b, y.data(), &pattern);
      kernels::linear_backward_input(s, g.data(), weight.data(), grad_x.data(), &pattern);
      kernels::linear_backward_weight(s, g.data(), x.data(), packed.data(), &pattern);
      kernels::unpack_live(pattern, packed.data(), grad_weight.data());
      const Naive naive(n, rows, columns, mask, x.data(), weight.data(), b, g.data());
      REQUIRE(test::difference(y, naive.y, 1e-5) == "");
      REQUIRE(test::difference(grad_x, naive.grad_x, 1e-5) == "");
      REQUIRE(test::difference(grad_weight, naive.grad_weight, 2e-5) == "");
    }
  }
}

TEST_CASE("kernels. sparse kernels give the same bits with any number of threads") {
  test::Draw draw(302);
  const int64_t rows = 300, columns = 400;
  const Mask mask = draw.mask({rows, columns}, 0.3);
  const SparsePattern pattern(mask.data(), rows, columns);
  for (const int64_t n : {64, 1000}) {
    const auto x = draw.numbers(n * columns), g = draw.numbers(n * rows),
               weight = draw.numbers(rows * columns);
    const auto run = [&] {
      std::vector<float> all(static_cast<size_t>(n * rows + n * columns + rows * columns));
      const kernels::LinearSizes s{.n = n, .in = columns, .out = rows};
      kernels::linear_forward(s, x.data(), weight.data(), nullptr, all.data(), &pattern);
      kernels::linear_backward_input(s, g.data(), weight.data(), all.data() + n * rows, &pattern);
      kernels::linear_backward_weight(s, g.data(), x.data(), all.data() + n * (rows + columns), &pattern);
      return all;
    };
    CHECK(test::with_threads(1, run) == test::with_threads(3, run));
  }
}

TEST_CASE(
    "ops. linear gives the same for a masked weight as for the same weight with zeros, gradients masked") {
  test::Draw draw(303);
  for (const double alive : {0.5, 0.2, 0.05, 0.0}) {
    const Tensor x = draw.tensor({20, 30}), value = draw.tensor({40, 30}), bias = draw.tensor({40});
    Parameter masked(value), with_zeros(value);
    const Mask mask = draw.mask(value.shape(), alive);
    masked.prune(mask);
    with_zeros.assign(masked);
    Tensor in[2] = {x.clone(), x.clone()};
    std::vector<float> y[2];
    for (int k = 0; k < 2; ++k) {
      in[k].set_requires_grad();
      const Tensor out = linear(in[k], k == 0 ? masked : with_zeros, bias);
      y[k] = out.to_vector();
      sum(pow(out, 2)).backward();
    }
    CHECK(test::difference(y[0], y[1]) == "");
    CHECK(test::difference(in[0].grad().values(), in[1].grad().values(), 1e-4) == "");
    auto expected = with_zeros.grad().to_vector();
    mask.select(expected.data());
    CHECK(test::difference(masked.grad().values(), expected, 1e-4) == "");
  }
}

TEST_CASE("autograd. the pattern of a mask is made once, and only where sparse kernels may be used") {
  test::Draw draw(304);
  Parameter weight(draw.tensor({20, 10}));
  CHECK(weight.sparse_pattern(1) == nullptr);  // no mask
  weight.prune(draw.mask({20, 10}, 0.3));
  const auto pattern = weight.sparse_pattern(0.9);
  REQUIRE(pattern != nullptr);
  weight.assign(draw.tensor({20, 10}));
  CHECK(weight.sparse_pattern(0.9) == pattern);   // values do not matter
  CHECK(weight.sparse_pattern(0.01) == nullptr);  // too dense
  weight.prune(draw.mask({20, 10}, 0.5));
  CHECK(weight.sparse_pattern(0.9) != pattern);
  CHECK(weight.sparse_pattern(0.9)->count() == weight.mask().count_alive());
  {
    const DenseGrad guard({weight});
    CHECK(weight.sparse_pattern(0.9) == nullptr);
  }
  weight.slice(0, {0, 3, 7});
  CHECK(weight.sparse_pattern(0.9)->rows == 3);
}

TEST_CASE("kernels. a sparse pattern is for weights whose elements 32 bits can number") {
  CHECK(kernels::SparsePattern::fits((1 << 16) - 1, 1 << 15));
  CHECK(!kernels::SparsePattern::fits(1 << 16, 1 << 15));
  CHECK(kernels::SparsePattern::fits((1 << 25) - 1, 1));  // whose offsets into 64 samples do, too
  CHECK(!kernels::SparsePattern::fits(1 << 25, 1));
  CHECK(!kernels::SparsePattern::fits(1, 1 << 25));
}

TEST_CASE("ops. gradients of dead weights that are asked for between forward and backward are there") {
  test::Draw draw(305);
  Parameter weight(draw.tensor({20, 10})), filters(draw.tensor({8, 5, 3, 3}));
  weight.prune(draw.mask(weight.shape(), 0.05));
  filters.prune(draw.mask(filters.shape(), 0.05));
  REQUIRE(weight.sparse_pattern(kernels::sparse_linear_density_for(64)) != nullptr);
  REQUIRE(filters.sparse_pattern(kernels::sparse_conv2d_density) != nullptr);
  const Tensor out = linear(draw.tensor({64, 10}), weight, {});
  const Tensor convolved = conv2d(draw.tensor({2, 5, 8, 8}), filters);
  const DenseGrad guard({weight, filters});
  sum(out).backward();
  CHECK(count_nonzero(weight.grad()) == weight.numel());
  sum(convolved).backward();
  CHECK(count_nonzero(filters.grad()) == filters.numel());
}

TEST_CASE("ops. conv2d gives the same for a masked weight as for the same weight with zeros, groups or not") {
  test::Draw draw(306);
  for (const int64_t groups : {1, 2}) {
    const Tensor value = draw.tensor({6, 4 / groups, 3, 3}), x = draw.tensor({3, 4, 7, 7});
    Parameter masked(value), with_zeros(value);
    const Mask mask = draw.mask(value.shape(), 0.1);
    masked.prune(mask);
    with_zeros.assign(masked);
    for (const Parameter& weight : {masked, with_zeros})
      sum(pow(conv2d(x, weight, {}, {.groups = groups}), 2)).backward();
    auto expected = with_zeros.grad().to_vector();
    mask.select(expected.data());
    CHECK(test::difference(masked.grad().values(), expected, 1e-4) == "");
  }
}
