#include <limits>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/prune/iterate.hpp>
#include <tinynn/sparsify/regularizer.hpp>
#include <tinynn/train/evaluate.hpp>
#include <tinynn/train/run.hpp>

#include "tests/support/compare.hpp"

using namespace tinynn;

namespace {

// Points in the plane whose class is the quadrant that they lie in.
data::DatasetPtr quadrants(int64_t count) {
  const Tensor x = rand({count, 2}, -1, 1);
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < count; ++i) labels.push_back((x.data()[2 * i] > 0) * 2 + (x.data()[2 * i + 1] > 0));
  return std::make_shared<data::TensorDataset>(x, Labels(labels));
}

nn::Sequential small_net() { return nn::Sequential{nn::Linear(2, 40), nn::ReLU(), nn::Linear(40, 4)}; }

}  // namespace

TEST_CASE("train. fit learns, evaluate sees it, progress is reported") {
  manual_seed(3);
  data::DataLoader loader(quadrants(600), {.batch_size = 32, .shuffle = true});
  auto net = small_net();
  optim::Adam adam(net.parameters(), {.lr = 1e-2});
  int64_t steps = 0;
  const auto epochs =
      train::fit(net, adam, loader, {.epochs = 8, .on_step = [&](const train::Progress& progress) {
                                       CHECK(progress.epoch * progress.batches + progress.batch == steps);
                                       ++steps;
                                     }});
  REQUIRE(epochs.size() == 8);
  CHECK(steps == 8 * 19);
  CHECK(epochs.back().loss < epochs.front().loss / 2);
  CHECK(epochs[0].seconds > 0);
  CHECK(train::evaluate(net, loader).accuracy > 0.93);
}

TEST_CASE("train. evaluate gives every sample the same weight, those of a short last batch, too") {
  manual_seed(5);
  const auto samples = quadrants(5);
  auto net = small_net();
  data::DataLoader whole(samples, {.batch_size = 5}), pairs(samples, {.batch_size = 2});
  const auto expected = train::evaluate(net, whole), found = train::evaluate(net, pairs);
  CHECK(found.loss == doctest::Approx(expected.loss).epsilon(1e-6));
  CHECK(found.accuracy == expected.accuracy);
}

TEST_CASE("train. a pruned network keeps its zeros and goes on learning") {
  manual_seed(4);
  data::DataLoader loader(quadrants(600), {.batch_size = 32, .shuffle = true});
  auto net = small_net();
  optim::SGD sgd(net.parameters(), {.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-4});
  train::fit(net, sgd, loader, {.epochs = 5});
  prune::iterate(net, {.schedule = prune::cubic({.to = 0.7, .steps = 3}),
                       .finetune = [&](int64_t) { train::fit(net, sgd, loader, {.epochs = 3}); }});
  CHECK(prune::sparsity(prune::weights(net)) == doctest::Approx(0.7));
  CHECK(train::evaluate(net, loader).accuracy > 0.93);
}

TEST_CASE("train. equal seeds give equal bytes, with one thread and with two") {
  const int64_t before = num_threads();
  std::vector<std::vector<std::byte>> results;
  for (const int64_t threads : {1, 2, 1}) {
    set_num_threads(threads);
    manual_seed(5);
    data::DataLoader loader(quadrants(300), {.batch_size = 32, .shuffle = true});
    auto net =
        nn::Sequential{nn::Linear(2, 300), nn::ReLU(), nn::Linear(300, 200), nn::ReLU(), nn::Linear(200, 4)};
    optim::SGD sgd(net.parameters(), {.lr = 0.1, .momentum = 0.9});
    train::fit(net, sgd, loader, {.epochs = 2});
    std::vector<std::byte> bytes;
    for (const auto& tensor : io::to_file(net).tensors)
      bytes.insert(bytes.end(), tensor.bytes.begin(), tensor.bytes.end());
    results.push_back(std::move(bytes));
  }
  set_num_threads(before);
  CHECK((results[0] == results[1]));
  CHECK((results[0] == results[2]));
}

TEST_CASE("train. a loss that is no number stops fit, naming the step") {
  data::DataLoader loader(std::make_shared<data::TensorDataset>(
                              full({4, 2}, std::numeric_limits<double>::infinity()), Labels({0, 1, 2, 3})),
                          {.batch_size = 2});
  auto net = small_net();
  const auto before = net.parameters()[0].to_vector();
  optim::SGD sgd(net.parameters(), {.lr = 0.1});
  try {
    train::fit(net, sgd, loader);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("in epoch 1 at step 1 of 2") != std::string::npos);
  }
  CHECK(net.parameters()[0].to_vector() == before);
}

TEST_CASE("train. fit and evaluate give every module its own mode back") {
  data::DataLoader loader(quadrants(8), {.batch_size = 4});
  auto net = small_net();
  net.eval();
  net[1].train();
  optim::SGD sgd(net.parameters());
  train::fit(net, sgd, loader);
  train::evaluate(net, loader);
  CHECK(!net.is_training());
  CHECK(!net[0].is_training());
  CHECK(net[1].is_training());
}

TEST_CASE("train. after warm-up a training step allocates no tensor buffer") {
  // One thread: with several, how many need scratch memory at the same moment is a matter of timing.
  const int64_t before = num_threads();
  set_num_threads(1);
  data::DataLoader loader(quadrants(640), {.batch_size = 32, .shuffle = true, .prefetch = false});
  auto net = small_net();
  optim::Adam adam(net.parameters());
  int64_t step = 0, after_ten = 0;
  train::fit(net, adam, loader, {.epochs = 2, .on_step = [&](const train::Progress&) {
                                   if (++step == 10) after_ten = memory_stats().allocations;
                                 }});
  set_num_threads(before);
  CHECK(step == 40);
  CHECK(memory_stats().allocations == after_ten);
}

TEST_CASE("train. a penalty trains along, but the loss that is reported is the data's") {
  data::DataLoader loader(quadrants(64), {.batch_size = 64});
  const auto train_once = [&](bool penalise) {
    manual_seed(6);
    auto net = small_net();
    const auto parameters = net.parameters();
    optim::SGD sgd(parameters, {.lr = 0.1, .weight_decay = penalise ? 0 : 0.4});
    train::FitOptions options;
    if (penalise) options.penalty = [&] { return sparsify::l2_penalty(parameters, 0.2); };
    const double loss = train::fit(net, sgd, loader, options)[0].loss;
    return std::pair(loss, net.parameters()[0].to_vector());
  };
  const auto [loss, weight] = train_once(true);
  const auto [expected_loss, expected_weight] = train_once(false);
  CHECK(loss == expected_loss);
  CHECK(test::difference(weight, expected_weight, 1e-6) == "");

  auto net = small_net();
  const auto before = net.parameters()[0].to_vector();
  optim::SGD sgd(net.parameters());
  CHECK_THROWS_AS(train::fit(net, sgd, loader, {.penalty = [] { return tensor({test::infinity}); }}), Error);
  CHECK(net.parameters()[0].to_vector() == before);
}

TEST_CASE("train. before_step is told the steps from the start of the run") {
  manual_seed(6);
  data::DataLoader loader(quadrants(6), {.batch_size = 2});
  auto net = small_net();
  optim::SGD sgd(net.parameters(), {.lr = 0.1});
  std::vector<int64_t> steps;
  train::RunOptions options;
  options.epochs = 2;
  options.before_step = [&](int64_t step) { steps.push_back(step); };
  train::Run run(net, sgd, loader, options);
  while (run.advance()) {
  }
  CHECK(steps == std::vector<int64_t>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("train. after_step comes after the optimizer's step, with the rate of that step") {
  data::DataLoader loader(quadrants(40), {.batch_size = 10});
  auto net = small_net();
  Parameter weight = net.parameters()[0];
  optim::SGD sgd(net.parameters(), {.lr = 0.8});
  optim::LrScheduler scheduler(sgd, optim::step({.every = 1, .gamma = 0.5}));
  std::vector<double> rates;
  const auto zero = [&](double lr) {
    rates.push_back(lr);
    weight.assign(zeros(weight.shape()));
  };
  int64_t zeroed = 0;
  train::fit(net, sgd, loader,
             {.after_step = zero, .scheduler = &scheduler, .on_step = [&](const train::Progress&) {
                zeroed += count_nonzero(weight) == 0;
              }});
  CHECK(rates == std::vector<double>{0.8, 0.4, 0.2, 0.1});
  CHECK(zeroed == 4);
}
