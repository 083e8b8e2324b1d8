// tinynn beside libtorch on random trials. A failing trial is named by its number: draw_trial() gives it
// again.
#include <set>

#include "tests/parity/torch/torch_and_doctest.hpp"
#include "tests/parity/torch/twins.hpp"

using namespace test::parity;

namespace {
constexpr uint64_t trials = 60;

void compare(const std::vector<Case>& cases) {
  const Twins twins = all_twins();
  for (const Case& c : cases) {
    CAPTURE(c.name);
    for (uint64_t number = 0; number < trials; ++number) {
      const Trial trial = draw_trial(c, number);
      const std::string part = difference(c.run(trial), twins.at(c.name)(trial));
      CHECK_MESSAGE(part == "", "trial ", number, ": ", trial.describe());
    }
  }
}
}  // namespace

TEST_CASE("parity. arithmetic and comparison") { compare(arithmetic_cases()); }
TEST_CASE("parity. moving, choosing, reducing and multiplying") { compare(shape_cases()); }
TEST_CASE("parity. convolution, pooling, activations, normalisation") { compare(layer_operation_cases()); }
TEST_CASE("parity. losses") { compare(loss_cases()); }
TEST_CASE("parity. layers, with their defaults and running statistics") { compare(layer_cases()); }
TEST_CASE("parity. ten steps of every optimizer") { compare(optimizer_cases()); }

TEST_CASE("parity. every case has one twin and every twin a case") {
  std::set<std::string> cases, twins;
  for (const Case& c : all_cases()) CHECK_MESSAGE(cases.insert(c.name).second, c.name, " is there twice");
  for (const auto& [name, run] : all_twins()) twins.insert(name);
  CHECK(cases == twins);
}
