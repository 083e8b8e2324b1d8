#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/prune/mask_rules.hpp>

#include "tests/support/error_of.hpp"

using namespace tinynn;

namespace {

int64_t alive(const Parameter& parameter) {
  return parameter.mask().defined() ? parameter.mask().count_alive() : parameter.numel();
}

}  // namespace

TEST_CASE("prune. amounts mean what they say") {
  using namespace prune;
  CHECK(fraction(0.5).to_kill(10, 100) == 5);
  CHECK(fraction(0.25).to_kill(10, 10) == 2);  // 2.5: halves round to even
  CHECK(fraction(0.35).to_kill(10, 10) == 4);
  CHECK(fraction(0.4).to_kill(17, 17) == 7);  // PyTorch's test_compute_nparams_to_prune
  CHECK(fraction(1).to_kill(15, 15) == 15);
  CHECK(fraction_of_total(0.5).to_kill(80, 100) == 30);
  CHECK(fraction_of_total(0.1).to_kill(80, 100) == 0);
  CHECK(fraction_of_total(1).to_kill(80, 100) == 80);
  CHECK(count(7).to_kill(7, 9) == 7);
  CHECK(count(0).to_kill(0, 0) == 0);
  CHECK_THROWS_AS(fraction(1.5), Error);
  CHECK_THROWS_AS(fraction(-0.1), Error);
  CHECK_THROWS_AS(fraction(std::nan("")), Error);
  CHECK_THROWS_AS(fraction_of_total(2), Error);
  CHECK_THROWS_AS(count(-1), Error);
  CHECK_THROWS_WITH_AS(count(8).to_kill(7, 9), "count: 8 elements to prune, but only 7 are alive", Error);
}

TEST_CASE("prune. local scope takes the same share of each parameter") {
  Parameter a(randn({10, 10})), b(randn({5, 8}, 0, 100));
  prune::prune({a, b}, prune::fraction(0.3), {}, prune::Scope::local);
  CHECK(alive(a) == 70);
  CHECK(alive(b) == 28);
}

TEST_CASE("prune. pruning composes: a dead element is never counted or revived") {
  Parameter weight(randn({40, 25}));
  int64_t expected = 1000;
  for (int round = 0; round < 8; ++round) {
    const Mask before = weight.mask().defined() ? weight.mask() : Mask(weight.shape());
    prune::l1_unstructured(weight, prune::fraction(0.2));
    expected -= static_cast<int64_t>(std::nearbyint(0.2 * static_cast<double>(expected)));
    CHECK(alive(weight) == expected);
    for (int64_t i = 0; i < 1000; ++i) CHECK((before[i] || !weight.mask()[i]));
  }
}

TEST_CASE("prune. the survivors are the largest, checked against a full sort") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    manual_seed(seed);
    Parameter weight(randn({static_cast<int64_t>(1 + seed), 13}));
    const std::vector<float> values = weight.to_vector();
    prune::l1_unstructured(weight, prune::fraction(0.6));
    float smallest_alive = std::numeric_limits<float>::infinity(), largest_dead = 0;
    for (int64_t i = 0; i < weight.numel(); ++i) {
      const float size = std::fabs(values[i]);
      if (weight.mask()[i]) {
        smallest_alive = std::min(smallest_alive, size);
      } else {
        largest_dead = std::max(largest_dead, size);
      }
    }
    CHECK(largest_dead <= smallest_alive);
  }
}

TEST_CASE("prune. a criterion that throws, or gives nonsense, changes nothing") {
  Parameter a(randn({3, 3})), b(randn({2, 2}));
  const auto before_a = a.to_vector(), before_b = b.to_vector();
  int calls = 0;
  const prune::Criterion broken = [&](const Parameter& weight) -> Tensor {
    if (++calls == 2) fail("my criterion: no gradient");
    return weight.clone();
  };
  for (const auto scope : {prune::Scope::local, prune::Scope::global}) {
    calls = 0;
    CHECK_THROWS_WITH_AS(prune::prune({a, b}, prune::fraction(0.5), {broken}, scope),
                         "my criterion: no gradient", Error);
  }
  const prune::Criterion misshapen = [](const Parameter&) { return zeros({4}); };
  CHECK_THROWS_WITH_AS(prune::prune({b}, prune::fraction(0.5), {misshapen}),
                       "prune: the criterion gave scores of shape (4) for a parameter of shape (2, 2)",
                       Error);
  const prune::Criterion nan = [](const Parameter& weight) { return full(weight.shape(), std::nan("")); };
  CHECK_THROWS_AS(prune::prune({a, b}, prune::fraction(0.5), {nan}), Error);
  CHECK(a.to_vector() == before_a);
  CHECK(b.to_vector() == before_b);
  CHECK(!a.mask().defined());
}

TEST_CASE("prune. weights are the parameters of rank two and more") {
  nn::Sequential net{nn::Linear(4, 3), nn::Linear(3, 2, {.bias = false})};
  const auto parameters = prune::weights(net);
  REQUIRE(parameters.size() == 2);
  CHECK(parameters[0].shape() == Shape{3, 4});
  prune::prune(parameters, prune::count(9));
  CHECK(prune::sparsity(parameters) == doctest::Approx(0.5));
  CHECK(prune::sparsity({}) == 0);
}

TEST_CASE("prune. mask_slices kills whole slices, besides what is dead") {
  Parameter weight(ones({3, 2, 2}));
  prune::mask_slices(weight, 0, {1});
  prune::mask_slices(weight, -2, {0});
  CHECK(weight.to_vector() == std::vector<float>{0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1});
  CHECK(weight.mask().count_alive() == 4);
  const auto wrong = [&](int64_t dim, const std::vector<int64_t>& indices) {
    return test::error_of([&] { prune::mask_slices(weight, dim, indices); });
  };
  CHECK(wrong(0, {3}) == "mask_slices: no slice 3 along dimension 0 of (3, 2, 2)");
  CHECK(wrong(1, {-1}) == "mask_slices: no slice -1 along dimension 1 of (3, 2, 2)");
  CHECK(wrong(0, {0, 2, 0}) == "mask_slices: slice 0 is named twice");
  CHECK(weight.mask().count_alive() == 4);
}
