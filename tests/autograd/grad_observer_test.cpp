#include <set>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/autograd/grad_observer.hpp>
#include <tinynn/autograd/parameter.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/matmul.hpp>
#include <tinynn/ops/reduce.hpp>

using namespace tinynn;

TEST_CASE("autograd. an observer is told of each leaf when its gradient is complete") {
  manual_seed(9);
  Parameter a(randn({3, 3})), b(randn({3, 3})), twice(randn({3, 3})), idle(randn({3, 3}));
  const auto loss = [&] { return sum(matmul(matmul(a, twice), matmul(b, twice) * 2)) + sum(b); };
  loss().backward();
  const std::vector<Tensor> leaves{a, b, twice, idle};
  const auto grad_of = [&](size_t k) {
    const Tensor grad = leaves[k].grad();
    return grad.defined() ? grad.to_vector() : std::vector<float>();
  };
  std::vector<std::vector<float>> expected;
  for (size_t k = 0; k < 4; ++k) {
    expected.push_back(grad_of(k));
    Tensor(leaves[k]).zero_grad();
  }
  std::vector<size_t> order;
  int64_t begun = 0;
  {
    const autograd::GradObserver observer(
        leaves, [&] { ++begun; },
        [&](size_t k) {
          order.push_back(k);
          CHECK(grad_of(k) == expected[k]);
        });
    loss().backward();
  }
  loss().backward();  // nobody observes it
  CHECK(begun == 1);
  REQUIRE(order.size() == 4);
  CHECK(order.back() == 3);  // nothing reaches it
  CHECK(std::set<size_t>(order.begin(), order.end()).size() == 4);
}

TEST_CASE("autograd. what an observer is told of, the walk has left behind at once") {
  manual_seed(9);
  Parameter first(randn({3, 3})), second(randn({3, 3}));
  std::vector<size_t> order;
  const autograd::GradObserver observer(
      {first, second}, [] {},
      [&](size_t k) {
        order.push_back(k);
        CHECK(first.has_grad() == (k == 0));
      });
  sum(matmul(matmul(ones({2, 3}), first), second)).backward();
  CHECK(order == std::vector<size_t>{1, 0});
}

TEST_CASE("autograd. an observer may refuse the walk before it begins") {
  Parameter a(ones({2, 2}));
  const autograd::GradObserver observer(
      {a}, [] { throw Error("not now"); }, [](size_t) {});
  CHECK_THROWS_WITH_AS(sum(a * a).backward(), "not now", Error);
  CHECK(!a.has_grad());
}
