#include <algorithm>
#include <cmath>
#include <string>

#include <doctest/doctest.h>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/reduce.hpp>

#include "tests/ops/twin.hpp"
#include "tests/support/broadcast.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;
using test::Doubles;

using Values = std::vector<float>;

namespace {

// Away from zero, so that it can be divided by.
Tensor divisor(test::Draw& draw, const Shape& shape) {
  Tensor x = draw.tensor(shape);
  for (int64_t i = 0; i < x.numel(); ++i) x.mutable_data()[i] += std::copysign(0.5F, x.data()[i]);
  return x;
}

}  // namespace

TEST_CASE("ops. arithmetic of two tensors over random broadcast shapes equals its naive twin") {
  struct Operation {
    const char* name;
    Tensor (*op)(const Tensor&, const Tensor&);
    double (*twin)(double, double);
  };
  const Operation operations[] = {
      {"add", add, [](double a, double b) { return a + b; }},
      {"sub", sub, [](double a, double b) { return a - b; }},
      {"mul", mul, [](double a, double b) { return a * b; }},
      {"div", div, [](double a, double b) { return a / b; }},
      {"maximum", maximum, [](double a, double b) { return std::max(a, b); }},
      {"minimum", minimum, [](double a, double b) { return std::min(a, b); }},
  };
  test::Draw draw(70);
  for (const auto& [name, op, twin] : operations) {
    const std::string operation = name;  // clang 14 captures no structured bindings
    CAPTURE(operation);
    for (int i = 0; i < 60; ++i) {
      const auto shapes = test::draw_broadcast(draw);
      CAPTURE(shapes.a);
      CAPTURE(shapes.b);
      const auto loop = [&, twin = twin](const std::vector<Doubles>& x) {
        Doubles y;
        for (int64_t j = 0; j < shapes.result.numel(); ++j) {
          y.push_back(twin(x[0][test::source_of(j, shapes.result, shapes.a)],
                           x[1][test::source_of(j, shapes.result, shapes.b)]));
        }
        return y;
      };
      const std::vector<Tensor> inputs{draw.tensor(shapes.a), divisor(draw, shapes.b)};
      REQUIRE(op(inputs[0], inputs[1]).shape() == shapes.result);
      REQUIRE(test::twin_difference(
                  draw, inputs, [op = op](const auto& x) { return op(x[0], x[1]); }, loop) == "");
    }
  }
}

TEST_CASE("ops. arithmetic with a number on either side") {
  const Tensor x = tensor({1, -2, 4});
  CHECK((x + 1).to_vector() == Values{2, -1, 5});
  CHECK((1 + x).to_vector() == Values{2, -1, 5});
  CHECK((x - 0.5).to_vector() == Values{0.5, -2.5, 3.5});
  CHECK((1 - x).to_vector() == Values{0, 3, -3});
  CHECK((x * 3).to_vector() == Values{3, -6, 12});
  CHECK((3 * x).to_vector() == Values{3, -6, 12});
  CHECK((x / 2).to_vector() == Values{0.5, -1, 2});
  CHECK((2 / x).to_vector() == Values{2, -1, 0.5});
  CHECK((-x).to_vector() == Values{-1, 2, -4});
  CHECK((x / 0).to_vector() == Values{test::infinity, -test::infinity, test::infinity});
}

TEST_CASE("ops. equal elements share the gradient of maximum and minimum, and NaN wins") {
  Tensor a = tensor({1, 2, 3}), b = tensor({1, 3, 2});
  for (Tensor* leaf : {&a, &b}) leaf->set_requires_grad();
  maximum(a, b).backward(ones({3}));
  CHECK(a.grad().to_vector() == Values{0.5, 0, 1});
  CHECK(b.grad().to_vector() == Values{0.5, 1, 0});
  minimum(a, b).backward(ones({3}));
  CHECK(a.grad().to_vector() == Values{1, 1, 1});
  CHECK(b.grad().to_vector() == Values{1, 1, 1});
  const Tensor bad = tensor({test::not_a_number});
  for (const Tensor& y :
       {maximum(bad, ones({1})), maximum(ones({1}), bad), minimum(bad, ones({1})), minimum(ones({1}), bad)}) {
    CHECK(std::isnan(y.item()));
  }
}

TEST_CASE("ops. the gradient of a repeated number is summed in double") {
  // 2^24 + 1 + 1 ... would stand still in float32.
  Tensor a = tensor({0}), large = ones({1 << 12, 3});
  a.set_requires_grad();
  large.mutable_data()[0] = 0x1p24F;
  (a * large).backward(ones(large.shape()));
  CHECK(a.grad().item() == 0x1p24F + 3 * (1 << 12));
}

TEST_CASE("ops. large tensors are added the same with any number of threads") {
  test::Draw draw(71);
  const std::vector<std::pair<Shape, Shape>> shapes = {
      {{300, 401}, {300, 401}}, {{300, 401}, {401}}, {{300, 401}, {300, 1}}, {{7, 50, 30, 30}, {50, 1, 1}}};
  for (const auto& [shape_a, shape_b] : shapes) {
    Tensor a = draw.tensor(shape_a), b = draw.tensor(shape_b);
    for (Tensor* leaf : {&a, &b}) leaf->set_requires_grad();
    const auto run = [&] {
      for (Tensor* leaf : {&a, &b}) leaf->zero_grad();
      const Tensor y = a * b;
      y.backward(a.detach());
      return std::vector<Values>{y.to_vector(), a.grad().to_vector(), b.grad().to_vector()};
    };
    const auto alone = test::with_threads(1, run), together = test::with_threads(3, run);
    CHECK(alone == together);
    Doubles sums(static_cast<size_t>(b.numel()));
    for (int64_t i = 0; i < a.numel(); ++i) {
      const auto value = static_cast<double>(a.data()[i]);
      sums[test::source_of(i, shape_a, shape_b)] += value * value;
    }
    CHECK(test::difference(b.grad().values(), sums) == "");
  }
}

TEST_CASE("ops. arithmetic names shapes that do not broadcast") {
  const Tensor a = ones({2, 3}), b = ones({4});
  CHECK_THROWS_WITH_AS(a + b, "add: shapes (2, 3) and (4) do not broadcast", Error);
  CHECK_THROWS_WITH_AS(a - b, "sub: shapes (2, 3) and (4) do not broadcast", Error);
  CHECK_THROWS_WITH_AS(b * a, "mul: shapes (4) and (2, 3) do not broadcast", Error);
  CHECK_THROWS_WITH_AS(a / ones({2, 1, 2}), "div: shapes (2, 3) and (2, 1, 2) do not broadcast", Error);
  CHECK_THROWS_WITH_AS(maximum(a, b), "maximum: shapes (2, 3) and (4) do not broadcast", Error);
  CHECK_THROWS_WITH_AS(minimum(a, ones({0})), "minimum: shapes (2, 3) and (0) do not broadcast", Error);
  CHECK_THROWS_WITH_AS(a + Tensor(), "undefined tensor: it was never given a value", Error);
}

TEST_CASE("ops. the gradient of a masked parameter stays masked through arithmetic") {
  Parameter weight(tensor({1, 2, 3}));
  weight.prune(Mask(tensor({1, 0, 1})));
  sum(weight * 2 + weight).backward();
  CHECK(weight.grad().to_vector() == Values{3, 0, 3});
}
