#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/prune/sensitivity_scan.hpp>

using namespace tinynn;

namespace {
// Two layers, the first of which costs what it loses squared, the second nothing.
struct ScannedNet {
  nn::Sequential net{nn::Linear(10, 20), nn::Linear(20, 5)};
  std::vector<Parameter> weights = prune::weights(net);
  double accuracy() const {
    const double lost = prune::sparsity({weights[0]});
    return 1 - lost * lost;
  }
};
}  // namespace

TEST_CASE("prune. a sensitivity scan prunes one layer at a time") {
  ScannedNet s;
  const auto scan = prune::scan_sensitivity(s.net, [&] { return s.accuracy(); }, {.sparsities = {0.5, 1}});
  REQUIRE(scan.size() == 2);
  CHECK(scan[0].name == "0.weight");
  CHECK(scan[0].sparsities == std::vector<double>{0, 0.5, 1});
  CHECK(scan[0].accuracies == std::vector<double>{1, 0.75, 0});
  CHECK(scan[1].accuracies == std::vector<double>{1, 1, 1});
}

TEST_CASE("prune. a sensitivity scan leaves the network as it was, also when it fails") {
  ScannedNet s;
  optim::Adam adam(s.net.parameters());
  prune::l1_unstructured(s.weights[0], prune::fraction(0.2));
  const auto values = s.weights[0].to_vector();
  const Mask mask = s.weights[0].mask();
  prune::scan_sensitivity(s.net, [&] { return s.accuracy(); });
  int calls = 0;
  CHECK_THROWS_AS(prune::scan_sensitivity(s.net,
                                          [&]() -> double {
                                            if (++calls == 4) fail("no data");
                                            return 1;
                                          }),
                  Error);
  CHECK(s.weights[0].to_vector() == values);
  CHECK(s.weights[0].mask() == mask);
  CHECK(!s.weights[1].mask().defined());
  CHECK_THROWS_AS(prune::scan_sensitivity(s.net, [] { return 1.0; }, {.sparsities = {0.5, 0.2}}), Error);
  CHECK_THROWS_AS(prune::scan_sensitivity(s.net, [] { return 1.0; }, {.sparsities = {1.2}}), Error);
}

TEST_CASE("prune. shares from a scan stay within a loss of accuracy, each layer by itself") {
  ScannedNet s;
  const auto scan = prune::scan_sensitivity(s.net, [&] { return s.accuracy(); }, {.sparsities = {0.5, 0.9}});
  prune::prune(prune::shares_within(scan, 0.25));
  CHECK(prune::sparsity({s.weights[0]}) == doctest::Approx(0.5));
  CHECK(prune::sparsity({s.weights[1]}) == doctest::Approx(0.9));
  ScannedNet half;
  const auto again =
      prune::scan_sensitivity(half.net, [&] { return half.accuracy(); }, {.sparsities = {0.5, 0.9}});
  prune::prune(prune::shares_within(again, 0.125));
  CHECK(prune::sparsity({half.weights[0]}) == doctest::Approx(0.25));  // half-way to 0.5, on a straight line
}

TEST_CASE(
    "prune. a layer that costs nothing is pruned as far as it was scanned, for a loss of nothing, too") {
  nn::Linear layer(10, 10);
  const auto scan = prune::scan_sensitivity(layer, [] { return 1.0; }, {.sparsities = {0.5, 0.9}});
  prune::prune(prune::shares_within(scan, 0));
  CHECK(prune::sparsity({layer.weight}) == doctest::Approx(0.9));
}

TEST_CASE("prune. a sensitivity scan begins where the layer is") {
  nn::Linear layer(10, 10);
  prune::prune({layer.weight}, prune::fraction(0.5));
  const auto scan = prune::scan_sensitivity(layer, [] { return 1.0; }, {.sparsities = {0.3, 0.5, 0.8}});
  REQUIRE(scan.size() == 1);
  CHECK(scan[0].sparsities == std::vector<double>{0.5, 0.8});
}
