#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/optim/lr_scheduler.hpp>
#include <tinynn/optim/sgd.hpp>

#include "tests/support/compare.hpp"

using namespace tinynn;
using namespace tinynn::optim;

using Rates = std::vector<double>;

namespace {

std::string difference(const LrSchedule& schedule, const Rates& expected) {
  Rates got;
  for (size_t i = 0; i < expected.size(); ++i) got.push_back(schedule(static_cast<int64_t>(i)));
  return test::difference(got, expected, 1e-12);
}

}  // namespace

TEST_CASE("optim. constant schedule") { CHECK(difference(constant(), {1, 1, 1}) == ""); }

TEST_CASE("optim. cosine schedule warms up, falls and stays down") {
  CHECK(difference(cosine({.steps = 4}), {1, 0.5 + std::sqrt(0.125), 0.5, 0.5 - std::sqrt(0.125), 0, 0, 0}) ==
        "");
  CHECK(difference(cosine({.steps = 8, .warmup = 4}), {0.25, 0.5, 0.75, 1, 1, 0.5 + std::sqrt(0.125), 0.5}) ==
        "");
  CHECK(difference(cosine({.steps = 2, .end = 0.2}), {1, 0.6, 0.2, 0.2}) == "");
  CHECK_THROWS_WITH_AS(cosine({.steps = 5, .warmup = 6}),
                       "cosine schedule: 6 steps of warm-up do not fit into 5 steps", Error);
  CHECK_THROWS_AS(cosine({.steps = 5, .warmup = -1}), Error);
  CHECK(cosine({.steps = 0})(0) == 0);  // a training of no steps is at its end
  CHECK_THROWS_AS(cosine({.steps = -1}), Error);
}

TEST_CASE("optim. one-cycle schedule is PyTorch's") {
  // OneCycleLR(max_lr=1, total_steps=10), then with pct_start=0.45, PyTorch 1.13.
  CHECK(difference(one_cycle({.steps = 10}),
                   {0.04, 0.52, 1, 0.9504846320134737, 0.8117456539497631, 0.6112620219362893,
                    0.38874197806371075, 0.18825834605023697, 0.049519367986526286, 4e-6, 4e-6}) == "");
  CHECK(difference(
            one_cycle({.steps = 10, .rise = 0.45}),
            {0.04, 0.2207248951078079, 0.6268100482990309, 0.9524650565931612, 0.9797465678213015,
             0.8274310572511747, 0.5711591345069661, 0.29229532432908284, 0.07937691609147501, 4e-6}) == "");
  CHECK(difference(one_cycle({.steps = 0}), {4e-6, 4e-6}) == "");
  CHECK(difference(one_cycle({.steps = 1}), {4e-6}) == "");
  CHECK_THROWS_AS(one_cycle({.steps = 10, .rise = 1}), Error);
  CHECK_THROWS_AS(one_cycle({.steps = -1}), Error);
}

TEST_CASE("optim. flat-cosine schedule warms up, stays and falls") {
  CHECK(difference(flat_cosine({.steps = 8, .warmup = 2, .fall = 0.5}),
                   {0.5, 1, 1, 1, 1, 0.5 + std::sqrt(0.125), 0.5, 0.5 - std::sqrt(0.125), 0, 0}) == "");
  CHECK(difference(flat_cosine({.steps = 4, .fall = 0}), {1, 1, 1, 1}) == "");
  CHECK(difference(flat_cosine({.steps = 0, .fall = 0.5}), {0}) == "");
  CHECK_THROWS_WITH_AS(flat_cosine({.steps = 10, .warmup = 6, .fall = 0.5}),
                       "flat-cosine schedule: 6 steps of warm-up and 5 of fall do not fit into 10 steps",
                       Error);
  CHECK_THROWS_AS(flat_cosine({.steps = 10, .fall = 1.5}), Error);
}

TEST_CASE("optim. linear schedule") {
  CHECK(difference(linear({.steps = 4}), {1, 0.75, 0.5, 0.25, 0, 0}) == "");
  CHECK(difference(linear({.steps = 2, .start = 0.5, .end = 1}), {0.5, 0.75, 1, 1}) == "");
  CHECK(linear({.steps = 0, .end = 0.5})(0) == 0.5);
  CHECK_THROWS_AS(linear({.steps = -1}), Error);
}

TEST_CASE("optim. step schedule") {
  CHECK(difference(optim::step({.every = 2}), {1, 1, 0.1, 0.1, 0.01}) == "");
  CHECK(difference(optim::step({.every = 1, .gamma = 0.5}), {1, 0.5, 0.25}) == "");
  CHECK_THROWS_AS(optim::step({.every = 0}), Error);
}

TEST_CASE("optim. multi-step schedule") {
  CHECK(difference(multi_step({1, 3}), {1, 0.1, 0.1, 0.01, 0.01}) == "");
  CHECK(difference(multi_step({2, 2}, 0.5), {1, 1, 0.25}) == "");  // twice at once, as PyTorch
  CHECK(difference(multi_step({}), {1, 1}) == "");
  CHECK_THROWS_WITH_AS(multi_step({3, 1}), "multi_step schedule: the milestones must ascend", Error);
}

TEST_CASE("optim. a scheduler multiplies the base rate, from its construction on") {
  SGD sgd({Parameter(tensor({1}))}, {.lr = 0.5});
  LrScheduler scheduler(sgd, linear({.steps = 4, .start = 1, .end = 0}));
  CHECK(sgd.lr() == 0.5);
  scheduler.step();
  CHECK(sgd.lr() == 0.375);
  sgd.set_lr(7);  // by hand: holds until the next step of the schedule
  scheduler.step();
  CHECK(sgd.lr() == 0.25);

  SGD warm({Parameter(tensor({1}))}, {.lr = 1});
  const LrScheduler at_once(warm, cosine({.steps = 10, .warmup = 5}));
  CHECK(warm.lr() == 0.2);
}
