#include <cmath>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/prune/iterate.hpp>

using namespace tinynn;

TEST_CASE("prune. schedules rise to their target") {
  CHECK(prune::one_shot(0.9) == prune::SparsitySchedule{0.9});
  const auto linear = prune::linear({.from = 0.1, .to = 0.5, .steps = 8});
  REQUIRE(linear.size() == 8);
  CHECK(linear[0] == doctest::Approx(0.15));
  CHECK(linear[6] == doctest::Approx(0.45));
  CHECK(linear[7] == 0.5);
  const auto cubic = prune::cubic({.from = 0, .to = 0.95, .steps = 10});
  REQUIRE(cubic.size() == 10);
  CHECK(cubic[0] == doctest::Approx(0.95 * (1 - 0.9 * 0.9 * 0.9)));
  CHECK(cubic[4] == doctest::Approx(0.95 * (1 - 0.125)));
  CHECK(cubic[9] == 0.95);
  CHECK_THROWS_AS(prune::cubic({.to = 1.5}), Error);
  CHECK_THROWS_AS(prune::linear({.from = 0.6, .to = 0.5}), Error);
  CHECK_THROWS_AS(prune::linear({.to = 0.5, .steps = 0}), Error);
}

TEST_CASE("prune. iterate reaches every sparsity of the schedule exactly, calling back after each") {
  nn::Sequential net{nn::Linear(20, 30), nn::Linear(30, 10)};
  const auto parameters = prune::weights(net);
  std::vector<double> reached;
  std::vector<int64_t> finetuned;
  const auto schedule = prune::cubic({.to = 0.95, .steps = 10});
  prune::iterate(net, {.schedule = schedule,
                       .before_finetune = [&](int64_t) { reached.push_back(prune::sparsity(parameters)); },
                       .finetune = [&](int64_t step) { finetuned.push_back(step); }});
  REQUIRE(reached.size() == 10);
  for (size_t i = 0; i < 10; ++i) CHECK(std::abs(reached[i] - schedule[i]) <= 0.5001 / 900);  // half a weight
  CHECK(finetuned == std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("prune. iterate with local scope keeps the layers equally sparse") {
  nn::Sequential net{nn::Linear(20, 30), nn::Linear(30, 10)};
  prune::iterate(net, {.scope = prune::Scope::local, .schedule = prune::linear({.to = 0.8, .steps = 4})});
  for (const auto& parameter : prune::weights(net))
    CHECK(prune::sparsity({parameter}) == doctest::Approx(0.8));
}

TEST_CASE("prune. iterate refuses a bad schedule before it touches anything") {
  nn::Sequential net{nn::Linear(4, 4)};
  CHECK_THROWS_AS(prune::iterate(net, {}), Error);
  CHECK_THROWS_AS(prune::iterate(net, {.schedule = {0.5, 0.4}}), Error);
  CHECK_THROWS_AS(prune::iterate(net, {.schedule = {0.5, 1.4}}), Error);
  CHECK(prune::sparsity(prune::weights(net)) == 0);
}

TEST_CASE("prune. iterate undoes the step that costs too much accuracy, and ends") {
  nn::Sequential net{nn::Linear(20, 30), nn::Linear(30, 10)};
  const auto weights = prune::weights(net);
  std::vector<float> kept;
  const int64_t stand = prune::iterate(net, {.schedule = prune::linear({.to = 0.8, .steps = 4}),
                                             .finetune =
                                                 [&](int64_t step) {
                                                   if (step == 1) kept = weights[0].to_vector();
                                                 },
                                             .accuracy = [&] { return 1 - prune::sparsity(weights); },
                                             .min_accuracy = 0.5});
  CHECK(stand == 2);
  CHECK(prune::sparsity(weights) == doctest::Approx(0.4).epsilon(0.001));
  CHECK(weights[0].to_vector() == kept);
}

TEST_CASE("prune. iterate keeps a step whose accuracy is just what is asked for") {
  nn::Sequential net{nn::Linear(20, 30), nn::Linear(30, 10)};
  const int64_t stand = prune::iterate(net, {.schedule = prune::linear({.to = 0.8, .steps = 2}),
                                             .accuracy = [] { return 0.5; },
                                             .min_accuracy = 0.5});
  CHECK(stand == 2);
  CHECK(prune::sparsity(prune::weights(net)) == doctest::Approx(0.8).epsilon(0.001));
}

TEST_CASE("prune. iterate with a way of pruning of one's own") {
  nn::Sequential net{nn::Linear(20, 30), nn::Linear(30, 10)};
  std::vector<double> asked;
  CHECK(prune::iterate(net, {.schedule = {0.1, 0.4}, .prune_to = [&](double s) { asked.push_back(s); }}) ==
        2);
  CHECK(asked == std::vector<double>{0.1, 0.4});
  CHECK(prune::sparsity(prune::weights(net)) == 0);
}
