#include <cmath>

#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/models/simple_cnn.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/recipe/run.hpp>
#include <tinynn/sparsify/regularizer.hpp>
#include <tinynn/train/evaluate.hpp>
#include <tinynn/train/run.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/error_of.hpp"

using namespace tinynn;
using recipe::Moment, recipe::Recipe;

namespace {

data::DatasetPtr noise(int64_t count) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < count; ++i) labels.push_back(i % 10);
  return std::make_shared<data::TensorDataset>(rand({count, 1, 28, 28}, -1, 1), Labels(labels));
}

// A network, its optimizer and its data, the same each time.
struct Bench {
  Bench() : loader((manual_seed(5), noise(60)), {.batch_size = 20, .shuffle = true, .seed = 2}) {}
  data::DataLoader loader;
  models::SimpleCNN net;
  optim::SGD sgd{net.parameters(), {.lr = 0.05, .momentum = 0.9}};

  std::vector<Moment> run(const Recipe& recipe, recipe::RunOptions options = {}) {
    recipe::Run run(net, sgd, loader, recipe, std::move(options));
    std::vector<Moment> moments;
    while (run.advance()) moments.push_back(run.progress().moment);
    sparsity = run.sparsity();
    return moments;
  }
  double sparsity = 0;
};

std::vector<Moment> without_training(std::vector<Moment> moments) {
  std::erase(moments, Moment::trained);
  return moments;
}

int64_t channels(const models::SimpleCNN& net) {
  return net.conv1.weight.shape()[0] + net.conv2.weight.shape()[0] + net.fc1.weight.shape()[0];
}

}  // namespace

TEST_CASE("recipe. a run trains, prunes and fine-tunes step by step") {
  Bench bench;
  const auto moments =
      bench.run({.sparsity = 0.9, .schedule = "linear", .steps = 2, .epochs = 2, .finetune_epochs = 1});
  using enum Moment;
  CHECK(moments == std::vector{trained, trained, trained, trained, trained, trained, dense,  //
                               pruned, trained, trained, trained, finetuned,                 //
                               pruned, trained, trained, trained, finetuned, finished});
  CHECK(bench.sparsity == doctest::Approx(0.9).epsilon(0.0005));
  CHECK(bench.sparsity == prune::sparsity(prune::weights(bench.net)));
}

TEST_CASE("recipe. a run does what the loop written by hand does, to the bit") {
  Bench bench, by_hand;
  bench.run({.sparsity = 0.8,
             .schedule = "one-shot",
             .regularizer = "l1:0.01",
             .epochs = 1,
             .finetune_epochs = 2,
             .lr_schedule = "cosine"});

  const auto weights = prune::weights(by_hand.net);
  const auto train = [&](int64_t epochs) {
    by_hand.sgd.set_lr(0.05);
    optim::LrScheduler scheduler(by_hand.sgd,
                                 optim::cosine({.steps = 3 * epochs, .warmup = 3 * epochs / 10}));
    train::fit(
        by_hand.net, by_hand.sgd, by_hand.loader,
        {.epochs = epochs, .after_step = sparsify::proximal_l1(weights, 0.01), .scheduler = &scheduler});
  };
  train(1);
  prune::prune(weights, prune::fraction_of_total(0.8));
  train(2);
  const auto a = bench.net.parameters(), b = by_hand.net.parameters();
  for (size_t k = 0; k < a.size(); ++k) CHECK(test::bit_difference(a[k].values(), b[k].values()) == "");
}

TEST_CASE("recipe. every criterion prunes by every granularity that it can score") {
  for (const auto& criterion : recipe::criteria()) {
    for (const char* granularity :
         {"weight", "row", "filter", "column", "block:2", "2:4", "channel", "neuron"}) {
      const recipe::GranularityRow& row = recipe::granularity_row(granularity);
      Recipe recipe{.criterion = criterion.name, .granularity = granularity, .schedule = "one-shot"};
      recipe.finetune_epochs = criterion.observe != nullptr ? 1 : 0;
      if (std::string(granularity) != "2:4") recipe.sparsity = 0.4;
      CAPTURE(std::string(criterion.name));
      CAPTURE(std::string(granularity));
      const bool goes = (!criterion.of_outputs || row.of_outputs) &&
                        (criterion.make != nullptr || std::string(granularity) == "weight") &&
                        criterion.name != std::string("bn-scale");  // there is no BatchNorm
      Bench bench;
      const std::string error = test::error_of([&] { bench.run(recipe); });
      CHECK((error == "no error") == goes);
      CAPTURE(bench.sparsity);
      if (goes && std::string(granularity) == "channel") {  // of channels, not of weights
        CHECK(channels(bench.net) == std::llround(0.6 * static_cast<double>(channels(models::SimpleCNN()))));
      } else if (goes) {
        CHECK(std::abs(bench.sparsity - (recipe.sparsity ? 0.4 : 0.5)) < 0.01);
      }
    }
  }
}

TEST_CASE("recipe. channels are deleted before fine-tuning, at the end, or never") {
  const auto run = [](const char* erase, std::optional<int64_t> rewind = {}) {
    Bench bench;
    const auto moments = without_training(bench.run({.granularity = "channel",
                                                     .to_macs = 0.3,
                                                     .schedule = "linear",
                                                     .steps = 2,
                                                     .epochs = 1,
                                                     .finetune_epochs = 1,
                                                     .rewind = rewind,
                                                     .erase = erase}));
    using enum Moment;
    std::vector expected{dense, pruned, finetuned, pruned, finetuned, finished};
    if (std::string(erase) != "never") expected.push_back(deleted);
    CHECK(moments == expected);
    return graph::count(bench.net, bench.loader.example());
  };
  models::SimpleCNN whole;
  const auto full = graph::count(whole, rand({2, 1, 28, 28}, -1, 1));
  const auto early = run("before-finetune"), late = run("at-end"), never = run("never"),
             rewound = run("before-finetune", 0);
  for (const auto& counts : {early, late, rewound}) {
    CHECK(static_cast<double>(counts.macs) <= 0.3 * static_cast<double>(full.macs));
    CHECK(static_cast<double>(counts.macs) > 0.2 * static_cast<double>(full.macs));
  }
  CHECK(never.parameters == full.parameters);
  CHECK(never.macs < full.macs);
  for (const auto& counts : {early, late, rewound}) CHECK(counts.parameters < full.parameters * 2 / 3);
}

TEST_CASE("recipe. a step that loses too much is undone, and is the last") {
  Bench bench;
  double accuracy = 0.9;
  recipe::Run run(bench.net, bench.sgd, bench.loader,
                  {.schedule = "list:0.5,0.6,0.7", .finetune_epochs = 1, .max_loss = 0.1},
                  {.accuracy = [&] { return accuracy; }});
  std::vector<Moment> moments;
  while (run.advance()) {
    moments.push_back(run.progress().moment);
    if (run.progress().moment == Moment::finetuned && run.progress().step == 1) accuracy = 0.7;
  }
  using enum Moment;
  CHECK(without_training(moments) ==
        std::vector{dense, pruned, finetuned, pruned, finetuned, undone, finished});
  CHECK(run.sparsity() == doctest::Approx(0.5).epsilon(0.001));
}

TEST_CASE("recipe. gates and movement learn in a fine-tuning where there is no dense training") {
  Bench bench;
  const auto moments =
      bench.run({.criterion = "movement", .sparsity = 0.5, .steps = 1, .finetune_epochs = 2});
  CHECK(std::vector(moments.begin(), moments.begin() + 8) ==
        std::vector{Moment::trained, Moment::trained, Moment::trained, Moment::trained, Moment::trained,
                    Moment::trained, Moment::dense, Moment::pruned});
  Bench gated;
  gated.run({.regularizer = "l0:1e-2", .finetune_epochs = 10});
  CHECK(gated.sparsity > 0);
  for (const Parameter& parameter : gated.net.parameters()) CHECK_FALSE(parameter.is_reparametrized());
}

TEST_CASE("recipe. RigL asks for dense gradients only at the steps that read them") {
  Bench bench;
  int64_t dense = 0, steps = 0;
  Parameter weight = bench.net.fc1.weight;
  recipe::Run run(bench.net, bench.sgd, bench.loader,
                  {.sparsity = 0.9, .schedule = "one-shot", .regrow = "rigl", .finetune_epochs = 140},
                  {.loss = [&](const Tensor& output, const Labels& labels) {
                    if (weight.mask().defined()) {
                      ++steps;
                      dense += !weight.masks_grad();
                    }
                    return cross_entropy(output, labels);
                  }});
  while (run.advance()) {
  }
  CHECK(steps == 420);
  CHECK(dense == 3);  // at 100, 200 and 300 of the 315 steps before the mask is fixed
}

TEST_CASE("recipe. what does not fit the network is said before anything is trained") {
  const auto error = [](const Recipe& recipe) {
    Bench bench;
    const std::string text = test::error_of([&] { bench.run(recipe); });
    CHECK(text.find('\n') == std::string::npos);
    return text;
  };
  CHECK(error({.sparsity = 0.5, .layers = {"conv3"}}) ==
        "layers: no layer with weights is called \"conv3\", expected some of: conv1, conv2, fc1, fc2");
  CHECK(error({.sparsity = 0.5, .layers = {"-conv3"}}) ==
        "layers: no layer with weights is called \"conv3\", expected some of: conv1, conv2, fc1, fc2");
  CHECK(error({.sparsity = 0.5, .layers = {"fc2", "-fc2"}}) ==
        "layers: none is left, expected some of: conv1, conv2, fc1, fc2");
  CHECK(error({.granularity = "filter", .sparsity = 0.5, .layers = {"conv2", "fc2"}}).find("only 0.31") !=
        std::string::npos);
  CHECK(error({.sparsity = 0.5, .max_loss = 0.1}).find("need a function that measures accuracy") !=
        std::string::npos);
  CHECK(error({.sparsity = 0.5, .epochs = 1, .rewind = 4}) == "rewind 4: the dense training has 3 steps");
}
