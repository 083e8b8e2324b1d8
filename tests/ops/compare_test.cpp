#include "tests/support/compare.hpp"

#include <doctest/doctest.h>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/compare.hpp>
#include <tinynn/ops/pointwise.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/prune/mask_rules.hpp>

#include "tests/support/broadcast.hpp"

using namespace tinynn;

using Values = std::vector<float>;

TEST_CASE("ops. comparisons over random broadcast shapes equal their naive twins") {
  test::Draw draw(73);
  for (int i = 0; i < 60; ++i) {
    const auto shapes = test::draw_broadcast(draw);
    // Few different numbers, so that many are equal.
    Tensor a(shapes.a), b(shapes.b);
    for (Tensor* x : {&a, &b}) {
      for (int64_t j = 0; j < x->numel(); ++j) x->mutable_data()[j] = static_cast<float>(draw.between(-1, 1));
    }
    Values gt, lt, ge, le, eq, ne;
    for (int64_t j = 0; j < shapes.result.numel(); ++j) {
      const float u = a.values()[test::source_of(j, shapes.result, shapes.a)];
      const float v = b.values()[test::source_of(j, shapes.result, shapes.b)];
      gt.push_back(u > v ? 1 : 0);
      lt.push_back(u < v ? 1 : 0);
      ge.push_back(u >= v ? 1 : 0);
      le.push_back(u <= v ? 1 : 0);
      eq.push_back(u == v ? 1 : 0);
      ne.push_back(u != v ? 1 : 0);
    }
    REQUIRE((a > b).shape() == shapes.result);
    REQUIRE((a > b).to_vector() == gt);
    REQUIRE((a < b).to_vector() == lt);
    REQUIRE((a >= b).to_vector() == ge);
    REQUIRE((a <= b).to_vector() == le);
    REQUIRE((a == b).to_vector() == eq);
    REQUIRE((a != b).to_vector() == ne);
  }
}

TEST_CASE("ops. comparisons with a number, which is rounded to float32") {
  const Tensor x = tensor({0.1F, 0.2F, test::not_a_number});
  CHECK((x > 0.1).to_vector() == Values{0, 1, 0});
  CHECK((x >= 0.1).to_vector() == Values{1, 1, 0});
  CHECK((x < 0.2).to_vector() == Values{1, 0, 0});
  CHECK((x <= 0.2).to_vector() == Values{1, 1, 0});
  CHECK((x == 0.1).to_vector() == Values{1, 0, 0});
  CHECK((x != 0.1).to_vector() == Values{0, 1, 1});
  CHECK((0.1 < x).to_vector() == Values{0, 1, 0});
  CHECK((0.1 <= x).to_vector() == Values{1, 1, 0});
  CHECK((0.2 > x).to_vector() == Values{1, 0, 0});
  CHECK((0.2 >= x).to_vector() == Values{1, 1, 0});
}

TEST_CASE("ops. a comparison takes no part in the gradient, but its result can be multiplied by") {
  Tensor x = tensor({-1, 2});
  x.set_requires_grad();
  CHECK(!(x > 0).requires_grad());
  sum(x * (x > 0)).backward();
  CHECK(x.grad().to_vector() == Values{0, 1});
}

TEST_CASE("ops. comparisons name shapes that do not broadcast") {
  CHECK_THROWS_WITH_AS((void)(ones({2, 3}) > ones({4})), "gt: shapes (2, 3) and (4) do not broadcast", Error);
  CHECK_THROWS_WITH_AS((void)(ones({2, 3}) == ones({2})), "eq: shapes (2, 3) and (2) do not broadcast",
                       Error);
}

TEST_CASE("ops. a comparison makes the mask of a parameter") {
  Parameter weight(tensor({0.5, -0.05F, -0.3F, 0.1F}, {2, 2}));
  prune::custom_from_mask(weight, abs(weight) > 0.1);
  CHECK(weight.to_vector() == Values{0.5, 0, -0.3F, 0});
  CHECK(weight.mask().count_alive() == 2);
}
