#include <vector>

#include <doctest/doctest.h>

#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/linear.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/naive.hpp"
#include "tests/support/ops.hpp"

using namespace tinynn;

using Values = std::vector<float>;

TEST_CASE("autograd. a chain of linear and relu has the gradients of the chain rule") {
  Tensor x = tensor({1, -2, 3}, {1, 3}), weight = tensor({1, 2, 3, -1, 0, 1, 0, 1, 0}, {3, 3}),
         bias = tensor({1, 0, 0});
  for (Tensor* leaf : {&x, &weight, &bias}) leaf->set_requires_grad();
  const Tensor y = relu(linear(x, weight, bias));
  CHECK(y.to_vector() == Values{7, 2, 0});
  y.backward(tensor({10, 100, 1000}, {1, 3}));  // the third was cut off by relu
  CHECK(bias.grad().to_vector() == Values{10, 100, 0});
  CHECK(weight.grad().to_vector() == Values{10, -20, 30, 100, -200, 300, 0, 0, 0});
  CHECK(x.grad().to_vector() == Values{10 - 100, 20, 30 + 100});
}

TEST_CASE("autograd. linear over random shapes equals its naive twin") {
  using kernels::Layout;
  test::Draw draw(30);
  for (int i = 0; i < 60; ++i) {
    const int64_t rows = draw.between(0, 9), in = draw.between(1, 20), out = draw.between(1, 20);
    Tensor x = draw.tensor({rows, in}), weight = draw.tensor({out, in}), bias = draw.tensor({out});
    for (Tensor* leaf : {&x, &weight, &bias}) leaf->set_requires_grad();
    const Tensor y = linear(x, weight, bias), grad_y = draw.tensor({rows, out});
    y.backward(grad_y);

    Values start, ones(static_cast<size_t>(rows), 1.0F);
    for (int64_t r = 0; r < rows; ++r) start.insert(start.end(), bias.values().begin(), bias.values().end());
    auto twin = [](int64_t m, int64_t n, int64_t k, test::Floats a, Layout layout_a, test::Floats b,
                   Layout layout_b) {
      const Values zero(static_cast<size_t>(m * n));
      return test::naive_gemm(m, n, k, a, layout_a, b, layout_b, zero);
    };
    REQUIRE(test::difference(y.values(), test::naive_gemm(rows, out, in, x.values(), Layout::plain,
                                                          weight.values(), Layout::transposed, start)) == "");
    REQUIRE(test::difference(x.grad().values(), twin(rows, in, out, grad_y.values(), Layout::plain,
                                                     weight.values(), Layout::plain)) == "");
    REQUIRE(test::difference(weight.grad().values(), twin(out, in, rows, grad_y.values(), Layout::transposed,
                                                          x.values(), Layout::plain)) == "");
    REQUIRE(test::difference(bias.grad().values(),
                             twin(1, out, rows, ones, Layout::plain, grad_y.values(), Layout::plain)) == "");
  }
}

TEST_CASE("autograd. only a scalar knows its own gradient") {
  const Tensor x = test::leaf({1, 2});
  CHECK_THROWS_WITH_AS(relu(x).backward(), "backward: shape (2) is no scalar; reduce it or pass its gradient",
                       Error);
  CHECK_THROWS_WITH_AS(relu(x).backward(ones({3})),
                       "backward: a gradient of shape (3) for a tensor of shape (2)", Error);
  CHECK(!x.grad().defined());
  const Tensor scalar = test::leaf({3});
  relu(scalar).backward();
  CHECK(scalar.grad().item() == 1);
}

TEST_CASE("autograd. where nothing asks for a gradient there is none") {
  const Tensor x = tensor({1});
  CHECK_THROWS_WITH_AS(relu(x).backward(),
                       "backward: nothing that this tensor was computed from requires a gradient", Error);
  const Tensor wanted = test::leaf({2});
  test::add(x, wanted).backward();
  CHECK(wanted.grad().item() == 1);
  CHECK(!x.grad().defined());
}

TEST_CASE("autograd. a second backward needs retain_graph") {
  const Tensor x = test::leaf({1, -1}), y = relu(x);
  y.backward(ones({2}), true);
  y.backward(ones({2}), false);
  CHECK(x.grad().to_vector() == Values{2, 0});  // gradients add up
  CHECK_THROWS_WITH_AS(
      y.backward(ones({2})),
      "backward: the graph of relu was freed by an earlier backward(); pass retain_graph = true to that one",
      Error);
  CHECK(x.grad().to_vector() == Values{2, 0});
}

TEST_CASE("autograd. NoGrad records nothing, nests and ends") {
  const Tensor x = test::leaf({1});
  {
    const NoGrad outer;
    { const NoGrad inner; }
    CHECK(!grad_enabled());
    CHECK(!relu(x).requires_grad());
    CHECK_THROWS_AS(relu(x).backward(), Error);
  }
  CHECK(grad_enabled());
  CHECK(relu(x).requires_grad());
}

TEST_CASE("autograd. nothing is recorded during backward, and recording goes on after it") {
  const Tensor x = test::leaf({1});
  bool recording = true;
  test::spy(x, [&] { recording = grad_enabled(); }).backward();
  CHECK(!recording);
  CHECK(grad_enabled());
  CHECK(!x.grad().requires_grad());
}

TEST_CASE("autograd. detach cuts the graph") {
  const Tensor x = test::leaf({2});
  test::add(relu(x).detach(), x).backward();
  CHECK(x.grad().item() == 1);
}

TEST_CASE("autograd. only leaves can be told to ask for a gradient") {
  Tensor x = test::leaf({1}), y = relu(x);
  CHECK_THROWS_WITH_AS(
      y.set_requires_grad(),
      "set_requires_grad: this tensor is the result of relu, only leaves can ask for a gradient", Error);
  x.set_requires_grad(false);  // frozen after the forward pass: it is left alone
  test::add(y, test::leaf({1})).backward();
  CHECK(!x.grad().defined());
}
