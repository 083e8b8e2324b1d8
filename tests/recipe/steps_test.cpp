// What single steps of a run come to, on a network of two layers.
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/recipe/run.hpp>
#include <tinynn/recipe/tables.hpp>
#include <tinynn/sparsify/l0_gates.hpp>
#include <tinynn/train/run.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/moments.hpp"

using namespace tinynn;
using recipe::Moment, recipe::Recipe;

namespace {

// 40 inputs, so many hidden units, 10 classes; three steps an epoch.
struct SmallBench {
  explicit SmallBench(int64_t hidden = 50) {
    manual_seed(5);
    std::vector<int64_t> labels;
    for (int64_t i = 0; i < 60; ++i) labels.push_back(i % 10);
    loader.emplace(std::make_shared<data::TensorDataset>(rand({60, 40}, -1, 1), Labels(labels)),
                   data::DataLoaderOptions{.batch_size = 20, .shuffle = true, .seed = 2});
    net = nn::Sequential{nn::Linear(40, hidden), nn::ReLU(), nn::Linear(hidden, 10)};
    sgd.emplace(net.parameters(), optim::SGDOptions{.lr = 0.05, .momentum = 0.9});
  }
  std::optional<data::DataLoader> loader;
  nn::Sequential net;
  std::optional<optim::SGD> sgd;

  recipe::Run start(const Recipe& recipe, recipe::RunOptions options = {}) {
    return recipe::Run(net, *sgd, *loader, recipe, std::move(options));
  }
  std::vector<Parameter> weights() { return prune::weights(net); }
};

}  // namespace

TEST_CASE("recipe. the sparsity of rows is that of all weights, though those of the classes stay") {
  SmallBench bench(10);
  auto run = bench.start({.granularity = "row", .sparsity = 0.4, .schedule = "one-shot"});
  while (run.advance()) {
  }
  CHECK(run.sparsity() == doctest::Approx(0.4).epsilon(0.02));  // of 500, 400 of which may go
  CHECK(!bench.weights()[1].mask().defined());
}

TEST_CASE("recipe. chance takes as much at each step as brings all to what the schedule says") {
  SmallBench bench(500);
  auto run = bench.start({.criterion = "bernoulli", .schedule = "list:0.3,0.6"});
  while (run.advance()) {
  }
  CHECK(std::abs(run.sparsity() - 0.6) < 0.02);
}

TEST_CASE("recipe. weights are rewound to those after just so many steps") {
  SmallBench bench;
  auto run = bench.start({.sparsity = 0.5, .schedule = "one-shot", .epochs = 2, .rewind = 2});
  std::vector<float> early;
  for (int64_t steps = 0; run.advance();) {
    if (run.progress().moment == Moment::trained && ++steps == 2) early = bench.weights()[0].to_vector();
  }
  bench.weights()[0].mask().select(early.data());
  CHECK(bench.weights()[0].to_vector() == early);
}

TEST_CASE("recipe. a step that loses just what it may stays") {
  SmallBench bench;
  auto run = bench.start({.schedule = "list:0.3,0.6", .max_loss = 0.25},
                         {.accuracy = [&] { return prune::sparsity(bench.weights()) > 0 ? 0.5 : 0.75; }});
  while (run.advance()) CHECK(run.progress().moment != Moment::undone);
  CHECK(run.sparsity() == doctest::Approx(0.6).epsilon(0.001));
}

TEST_CASE("recipe. network surgery comes to its sparsity before the last quarter of the steps") {
  SmallBench bench;
  auto run = bench.start(
      {.sparsity = 0.8, .schedule = "one-shot", .regrow = "dns", .finetune_epochs = 47});  // 141 steps
  while (run.advance()) {
  }
  CHECK(run.sparsity() == 0.8);
}

TEST_CASE("recipe. gates take the steps of an Adam of their own, by the gradients of each batch") {
  SmallBench bench, by_hand;
  auto run = bench.start({.regularizer = "l0:1e-2", .epochs = 3});
  while (run.advance()) {
  }
  manual_seed(5);
  by_hand.net = SmallBench().net;
  optim::SGD sgd(by_hand.net.parameters(), {.lr = 0.05, .momentum = 0.9});
  sparsify::L0Gates gates(by_hand.weights(), {.strength = 1e-2});
  optim::Adam adam(gates.parameters(), {.lr = 0.1});
  train::fit(by_hand.net, sgd, *by_hand.loader,
             {.epochs = 3,
              .penalty = [&] { return gates.penalty(); },
              .after_step =
                  [&](double) {
                    adam.step();
                    adam.zero_grad();
                  }});
  gates.harden();
  for (size_t k = 0; k < 2; ++k)
    CHECK(test::bit_difference(bench.weights()[k].values(), by_hand.weights()[k].values()) == "");
}

TEST_CASE("recipe. optimizers that have a momentum are made with it") {
  const recipe::OptimizerSettings settings{.lr = 0.1, .momentum = 0.9, .weight_decay = 0, .l1 = 0};
  for (const auto& row : {std::pair{"sgd", 1}, {"rmsprop", 2}, {"adam", 2}, {"lion", 1}}) {
    const auto& [name, moments] = row;
    CAPTURE(row.first);
    Parameter p(ones({1}));
    const auto made = find(recipe::optimizers(), "optimizer", name).make({p}, settings);
    CHECK(std::ssize(test::moments_of(p)) == moments);
  }
}
