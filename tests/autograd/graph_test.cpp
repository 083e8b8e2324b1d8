// Large, shared and broken graphs: what the tape survives.
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/core/buffer.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/dropout.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/norm.hpp>
#include <tinynn/ops/pad.hpp>
#include <tinynn/ops/pointwise.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/ops/shape.hpp>

#include "tests/support/ops.hpp"
#include "tests/support/small_stack.hpp"

using namespace tinynn;

namespace {

Tensor relu_chain(const Tensor& x, int64_t length) {
  Tensor y = x;
  for (int64_t i = 0; i < length; ++i) y = relu(y);
  return y;
}

}  // namespace

TEST_CASE("autograd. a chain of 100,000 operations runs backward and ends on a small stack") {
  double gradient = 0, retained = 0;
  test::on_small_stack([&] {
    const Tensor x = test::leaf({2});
    relu_chain(x, 100000).backward();
    gradient = x.grad().item();
  });
  test::on_small_stack([&] {
    const Tensor x = test::leaf({2});
    relu_chain(x, 100000).backward(true);  // kept whole, so that the destructor has all of it to do
    retained = x.grad().item();
  });
  test::on_small_stack([] { relu_chain(test::leaf({2}), 100000); });  // dropped without a backward
  CHECK(gradient == 1);
  CHECK(retained == 1);
}

TEST_CASE("autograd. shared sub-graphs are walked once each") {
  const Tensor x = test::leaf({1});
  Tensor y = x;
  for (int i = 0; i < 100; ++i) y = test::add(y, y);  // 2^100 paths
  y.backward();
  CHECK(x.grad().item() == 0x1p100F);
}

TEST_CASE("autograd. a graph is freed in whatever order its handles go, and leaves nothing behind") {
  const int64_t before = memory_stats().bytes_in_use;
  auto token = std::make_shared<int>(0);
  for (int order = 0; order < 3; ++order) {
    const Tensor x = test::leaf({1});
    Tensor shared = test::spy(x, [token] {});
    Tensor left = test::spy(shared, [token] {}), right = test::spy(shared, [token] {});
    Tensor both = test::add(left, right);
    if (order == 0) shared = left = right = Tensor();
    if (order == 1) both = left = Tensor();
    if (order == 2) both.backward();
    CHECK(token.use_count() == (order == 0 ? 4 : order == 1 ? 3 : 1));  // backward frees what it has passed
  }
  CHECK(token.use_count() == 1);
  CHECK(memory_stats().bytes_in_use == before);
}

TEST_CASE("autograd. the tape keeps no numbers that the way back does not read") {
  Tensor x = ones({4, 8, 16, 16});
  x.set_requires_grad();
  // Bytes that go with the handle on the input of f.
  const auto freed = [&](const std::function<Tensor(const Tensor&)>& f) {
    Tensor input = add(x, 1);
    const Tensor y = f(input);
    const int64_t with = memory_stats().bytes_in_use;
    input = Tensor();
    return with - memory_stats().bytes_in_use;
  };
  const int64_t all = 4 * x.numel();
  const auto unread = {
      freed([](const Tensor& t) { return add(t, 2); }),
      freed([](const Tensor& t) { return sub(2, t); }),
      freed([](const Tensor& t) { return mul(t, 2); }),
      freed([](const Tensor& t) { return div(t, 2); }),
      freed([](const Tensor& t) { return add(t, t); }),
      freed([](const Tensor& t) { return relu(t); }),
      freed([](const Tensor& t) { return exp(t); }),
      freed([](const Tensor& t) { return softmax(t, 1); }),
      freed([](const Tensor& t) { return dropout(t, 0.5, true); }),
      freed([](const Tensor& t) {
        return mean(t, {2, 3});
      }),
      freed([](const Tensor& t) { return max(t, 1); }),
      freed([](const Tensor& t) { return max_pool2d(t, 2); }),
      freed([](const Tensor& t) {
        return adaptive_avg_pool2d(t, {4, 4});
      }),
      freed([](const Tensor& t) {
        return permute(t, {1, 0, 2, 3});
      }),
      freed([](const Tensor& t) {
        return pad(t, {1, 1});
      }),
      freed([](const Tensor& t) { return slice(t, 1, 0, 4); }),
      freed([](const Tensor& t) {
        return concat({t, t}, 1);
      }),
  };
  for (const int64_t bytes : unread) CHECK(bytes == all);
  const auto read = {
      freed([](const Tensor& t) { return pow(t, 3); }),
      freed([](const Tensor& t) { return mul(t, t); }),
      freed([](const Tensor& t) { return silu(t); }),
      freed([](const Tensor& t) { return batch_norm(t, {}, {}, {}, {}, {.training = true}); }),
  };
  for (const int64_t bytes : read) CHECK(bytes == 0);
}

TEST_CASE("autograd. two results of a shared part: the second backward needs the first to retain it") {
  const Tensor x = test::leaf({1});
  const Tensor shared = relu(x), first = relu(shared), second = relu(shared);
  first.backward(true);
  second.backward();
  CHECK(x.grad().item() == 2);
  CHECK_THROWS_AS(first.backward(), Error);
}

TEST_CASE("autograd. an exception inside a backward function leaves the graph usable") {
  const Tensor x = test::leaf({1}), other = test::leaf({1});
  bool broken = true;
  const Tensor waiting = relu(other);  // older than what breaks, so its gradient waits in the queue
  const Tensor y = test::add(waiting, test::spy(relu(x), [&] {
                               if (broken) throw std::runtime_error("broken");
                             }));
  CHECK_THROWS_WITH_AS(y.backward(true), "broken", std::runtime_error);
  CHECK(grad_enabled());
  CHECK(!x.grad().defined());
  broken = false;
  y.backward(true);
  CHECK(x.grad().item() == 1);
  CHECK(other.grad().item() == 1);  // the gradient that waited at the time of the exception is not counted
}

TEST_CASE("autograd. an exception without retain_graph leaves a named error, not a bad read") {
  const Tensor x = test::leaf({1});
  bool broken = true;
  const Tensor y = relu(test::spy(x, [&] {
    if (broken) throw std::runtime_error("broken");
  }));
  CHECK_THROWS_AS(y.backward(), std::runtime_error);
  broken = false;
  CHECK_THROWS_WITH_AS(
      y.backward(),
      "backward: the graph of relu was freed by an earlier backward(); pass retain_graph = true to that one",
      Error);
}

TEST_CASE("autograd. an operation without a gradient for one input does not hold up the others") {
  static const autograd::Op op{"test_first_only"};
  const Tensor a = test::leaf({1}), b = test::leaf({1});
  const Tensor through = relu(b);
  const Tensor y = autograd::record(op, ones({1}), {a, through},
                                    [a](const Tensor& grad_y) { autograd::accumulate_grad(a, grad_y); });
  y.backward();
  CHECK(a.grad().item() == 1);
  CHECK(!b.grad().defined());
}

TEST_CASE("autograd. a gradient of the wrong shape names both shapes") {
  static const autograd::Op op{"test_wrong_shape"};
  const Tensor x = test::leaf({1, 2});
  const Tensor y =
      autograd::record(op, ones({1}), {x}, [x](const Tensor&) { autograd::accumulate_grad(x, ones({3})); });
  CHECK_THROWS_WITH_AS(y.backward(), "backward: a gradient of shape (3) for a tensor of shape (2)", Error);
}

TEST_CASE("autograd. an observer sees every operation, recorded or not, until it ends") {
  std::vector<std::string> seen;
  const Tensor x = test::leaf({1});
  {
    const autograd::Observer outer([&](const autograd::Call& call) { seen.push_back(call.op.name); });
    relu(x);
    const NoGrad no_grad;
    {
      const autograd::Observer inner([&](const autograd::Call& call) {
        seen.push_back(call.inputs[0].handle() == x.handle() && call.output.defined() ? "inner" : "wrong");
      });
      relu(x);
    }
    test::add(x, x);
  }
  relu(x);
  CHECK(seen == std::vector<std::string>{"relu", "inner", "test_add"});
}
