#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/state.hpp>

using namespace tinynn;

namespace {

struct Part {
  Tensor numbers = tensor({1, 2}), none;
  int64_t count = 3;

  void state(StateVisitor& visit) {
    visit("numbers", numbers);
    visit("none", none);
    visit("count", count);
  }
};

}  // namespace

TEST_CASE("core. a state holds copies, and hands out copies: parts that read it share nothing") {
  Part part;
  StateWriter writer;
  part.state(writer);
  part.numbers.mutable_data()[0] = 10;

  Part first{zeros({5}), ones({1}), 0}, second;
  StateReader reader(writer.state);
  first.state(reader);
  CHECK(first.numbers.to_vector() == std::vector<float>{1, 2});
  CHECK(!first.none.defined());
  CHECK(first.count == 3);
  first.numbers.mutable_data()[0] = 20;
  second.state(reader);
  CHECK(second.numbers.to_vector() == std::vector<float>{1, 2});
}

TEST_CASE("core. what a state lacks is an error that names it") {
  Part part;
  StateWriter writer;
  writer.within("part", [&] { part.state(writer); });
  StateReader reader(writer.state);
  CHECK_THROWS_WITH_AS(part.state(reader), "state: there is no tensor \"numbers\"", Error);
  reader.within("part", [&] { part.state(reader); });
  writer.state.texts["part.count"] = "3x";
  CHECK_THROWS_WITH_AS(reader.within("part", [&] { part.state(reader); }),
                       "state: \"count\" is \"3x\", expected a number", Error);
}
