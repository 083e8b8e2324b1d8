#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>

#include "tests/support/isas.hpp"

using namespace tinynn;

TEST_CASE("kernels. the newest instruction set is in use, and every one can be") {
  const auto names = kernels::isas();
  REQUIRE(!names.empty());
  CHECK(names.front() == "baseline");
  CHECK(kernels::isa() == names.back());
  for (const auto& name : names) {
    const test::Isa forced(name);
    CHECK(kernels::isa() == name);
    CHECK(kernels::simd::table().name == name);
  }
  CHECK(kernels::isa() == names.back());
}

TEST_CASE("kernels. an instruction set that is not there is an error that names those that are") {
  std::string known;
  for (const auto& name : kernels::isas()) known += (known.empty() ? "" : ", ") + name;
  const std::string message = "set_isa: no instruction set mmx here, expected one of " + known;
  CHECK_THROWS_WITH_AS(kernels::set_isa("mmx"), message.c_str(), Error);
}
