#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/mask.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"

using namespace tinynn;

TEST_CASE("core. a mask selects: NaN, infinity and minus zero become plus zero") {
  Mask mask({6});
  for (int64_t i : {0, 1, 2, 3}) mask.set(i, false);
  std::vector<float> values{test::not_a_number, test::infinity, -test::infinity, -5, -0.0F,
                            test::not_a_number};
  mask.select(values.data());
  const std::vector<float> head(values.begin(), values.begin() + 5);
  CHECK(test::bit_difference(head, std::vector<float>{0, 0, 0, 0, -0.0F}) == "");  // what lives is left alone
  CHECK(std::isnan(values[5]));
}

TEST_CASE("core. a mask selects large arrays as small ones") {
  test::Draw draw(20);
  const Shape shape{300, 700};
  const Mask mask = draw.mask(shape);
  auto values = draw.numbers(shape.numel());
  auto expected = values;
  for (int64_t i = 0; i < shape.numel(); ++i) {
    if (!mask[i]) expected[i] = 0;
  }
  mask.select(values.data());
  CHECK(test::bit_difference(values, expected) == "");
}

TEST_CASE("core. masks combine by and") {
  Mask a({2, 2}), b({2, 2}, false);
  b.set(1, true);
  a.set(0, false);
  a &= b;
  CHECK(a == b);
  CHECK(a.count_alive() == 1);
  CHECK(a[1]);
  CHECK_THROWS_WITH_AS(a &= Mask(Shape{4}), "mask: cannot combine shapes (2, 2) and (4)", Error);
  CHECK(a.count_alive() == 1);
}

TEST_CASE("core. masks of equal elements but other shapes differ") {
  CHECK(Mask({2, 3}) != Mask({3, 2}));
  CHECK(Mask({2, 3}) == Mask({2, 3}));
  CHECK(Mask({2, 3}, false) != Mask({2, 3}));
}

TEST_CASE("core. a mask is alive where a tensor is not zero") {
  const Mask mask(tensor({0, -0.0F, 1, -2, test::not_a_number}));
  CHECK(mask.shape() == Shape{5});
  CHECK(mask.count_alive() == 3);
  CHECK((!mask[0] && !mask[1] && mask[2] && mask[3] && mask[4]));
}

TEST_CASE("core. a default-made mask is undefined, one of a shape is all alive") {
  CHECK(!Mask().defined());
  CHECK(Mask(Shape{}).defined());
  CHECK(Mask({3, 4}).count_alive() == 12);
  CHECK(Mask({3, 4}, false).count_alive() == 0);
}
