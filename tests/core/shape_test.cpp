#include <sstream>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/shape.hpp>

using namespace tinynn;

TEST_CASE("core. a shape knows its sizes from both ends") {
  const Shape shape{2, 3, 5};
  CHECK(shape.rank() == 3);
  CHECK(shape.numel() == 30);
  CHECK(shape[0] == 2);
  CHECK(shape[-1] == 5);
  CHECK(shape[-3] == 2);
  CHECK(shape.outer(1) == 2);
  CHECK(shape.inner(1) == 5);
  CHECK(shape.with(-1, 7) == Shape{2, 3, 7});
  CHECK(Shape{}.numel() == 1);
  CHECK(Shape{4, 0}.numel() == 0);
  std::ostringstream text;
  text << shape;
  CHECK(text.str() == "(2, 3, 5)");
}

TEST_CASE("core. a shape refuses what cannot be") {
  CHECK_THROWS_AS((Shape{2, -1}), Error);
  CHECK_THROWS_AS((Shape{1, 2, 3, 4, 5, 6, 7, 8, 9}), Error);
  CHECK_THROWS_AS((Shape{int64_t{1} << 40, int64_t{1} << 40}), Error);
  CHECK_THROWS_AS((Shape{int64_t{1} << 31, int64_t{1} << 30}), Error);  // 2^61 elements, but 2^63 bytes
  CHECK_THROWS_WITH_AS((void)(Shape{2, 3}[-3]), "shape: no dimension -3 in (2, 3)", Error);
  CHECK_THROWS_WITH_AS((void)(Shape{2, 3}[2]), "shape: no dimension 2 in (2, 3)", Error);
}
