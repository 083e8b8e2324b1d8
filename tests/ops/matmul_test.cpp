#include <doctest/doctest.h>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/autograd/record.hpp>
#include <tinynn/ops/matmul.hpp>

#include "tests/ops/twin.hpp"
#include "tests/support/broadcast.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;
using test::Doubles;

using Values = std::vector<float>;

namespace {

Shape with_matrix(const Shape& stack, int64_t rows, int64_t columns) {
  std::vector<int64_t> sizes(stack.begin(), stack.end());
  sizes.insert(sizes.end(), {rows, columns});
  return Shape(sizes);
}

struct Product {
  test::BroadcastShapes stacks;
  int64_t m, k, p;

  Doubles operator()(const std::vector<Doubles>& x) const {
    Doubles y;
    for (int64_t i = 0; i < stacks.result.numel(); ++i) {
      const auto in_a = static_cast<int64_t>(test::source_of(i, stacks.result, stacks.a)) * m * k;
      const auto in_b = static_cast<int64_t>(test::source_of(i, stacks.result, stacks.b)) * k * p;
      for (int64_t r = 0; r < m; ++r) {
        for (int64_t c = 0; c < p; ++c) {
          double sum = 0;
          for (int64_t j = 0; j < k; ++j) {
            sum += x[0][in_a + r * k + j] * x[1][in_b + j * p + c];
          }
          y.push_back(sum);
        }
      }
    }
    return y;
  }
};

Tensor product(const std::vector<Tensor>& x) { return matmul(x[0], x[1]); }

}  // namespace

TEST_CASE("ops. matmul over random stacks of matrices equals its naive twin") {
  test::Draw draw(74);
  for (int i = 0; i < 120; ++i) {
    const Product twin{test::draw_broadcast(draw, 3, 3), draw.between(1, 5), draw.between(0, 5),
                       draw.between(1, 5)};
    const Tensor a = draw.tensor(with_matrix(twin.stacks.a, twin.m, twin.k));
    const Tensor b = draw.tensor(with_matrix(twin.stacks.b, twin.k, twin.p));
    CAPTURE(a.shape());
    CAPTURE(b.shape());
    REQUIRE(matmul(a, b).shape() == with_matrix(twin.stacks.result, twin.m, twin.p));
    REQUIRE(test::twin_difference(draw, {a, b}, product, twin) == "");
  }
}

TEST_CASE("ops. matmul takes vectors as a row on the left and as a column on the right") {
  test::Draw draw(75);
  for (int i = 0; i < 60; ++i) {
    const auto stack = draw.shape(2, 3);
    const int64_t m = draw.between(1, 4), k = draw.between(1, 4);
    const Tensor row = draw.tensor({k}), a = draw.tensor(with_matrix(stack, m, k)),
                 b = draw.tensor(with_matrix(stack, k, m));
    REQUIRE(matmul(row, row).shape() == Shape{});
    REQUIRE(test::twin_difference(draw, {row, draw.tensor({k})}, product, Product{{}, 1, k, 1}) == "");

    std::vector<int64_t> sizes(stack.begin(), stack.end());
    sizes.push_back(m);
    REQUIRE(matmul(a, row).shape() == Shape(sizes));
    REQUIRE(test::twin_difference(draw, {a, row.clone()}, product, Product{{stack, {}, stack}, m, k, 1}) ==
            "");
    REQUIRE(matmul(row, b).shape() == Shape(sizes));
    REQUIRE(test::twin_difference(draw, {row.clone(), b}, product, Product{{{}, stack, stack}, 1, k, m}) ==
            "");
  }
}

TEST_CASE("ops. matmul of large stacks is the same with any number of threads") {
  test::Draw draw(76);
  Tensor a = draw.tensor({20, 33, 40}), b = draw.tensor({20, 40, 50});
  for (Tensor* leaf : {&a, &b}) leaf->set_requires_grad();
  const auto run = [&] {
    for (Tensor* leaf : {&a, &b}) leaf->zero_grad();
    const Tensor y = matmul(a, b);
    y.backward(ones(y.shape()));
    return std::vector<Values>{y.to_vector(), a.grad().to_vector(), b.grad().to_vector()};
  };
  CHECK(test::with_threads(1, run) == test::with_threads(3, run));
}

TEST_CASE("ops. matmul counts the multiply-accumulates of live weights") {
  Parameter weight(ones({4, 5}));
  Mask mask(weight.shape());
  for (int64_t i = 0; i < 7; ++i) mask.set(i, false);
  weight.prune(mask);
  int64_t macs = 0;
  const autograd::Observer observer(
      [&](const autograd::Call& call) { macs = call.op.macs(call.inputs, call.output); });
  matmul(ones({2, 3, 4}), weight);
  CHECK(macs == 13 * 6);
  matmul(weight, ones({2, 5, 3}));
  CHECK(macs == 13 * 6);
  matmul(ones({2, 3, 4}), ones({4, 5}));  // no weight
  CHECK(macs == 0);
}

TEST_CASE("ops. matmul names shapes that do not fit") {
  CHECK_THROWS_WITH_AS(matmul(ones({2, 3}), ones({4, 5})),
                       "matmul: shapes (2, 3) and (4, 5) do not fit (..., m, k) times (..., k, p)", Error);
  CHECK_THROWS_WITH_AS(matmul(ones({2, 2, 3}), ones({3, 3, 5})),
                       "matmul: shapes (2, 2, 3) and (3, 3, 5) do not fit (..., m, k) times (..., k, p)",
                       Error);
  CHECK_THROWS_WITH_AS(matmul(ones({2, 3}), ones({2})),
                       "matmul: shapes (2, 3) and (2) do not fit (..., m, k) times (..., k, p)", Error);
  CHECK_THROWS_WITH_AS(matmul(ones({}), ones({2})), "matmul: shapes () and (2): neither may be a scalar",
                       Error);
}
