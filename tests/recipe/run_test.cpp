#include <cmath>

#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/models/simple_cnn.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
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

TEST_CASE("recipe. a ramp prunes in the middle of one training") {
  Bench bench;
  recipe::Run run(bench.net, bench.sgd, bench.loader,
                  {.sparsity = 0.9,
                   .schedule = "exponential",
                   .epochs = 1,
                   .ramp_epochs = 4,
                   .update_every = 3,
                   .finetune_epochs = 2,
                   .lr_schedule = "flat-cosine:0.25"});
  CHECK(run.schedule() == prune::SparsitySchedule{0.9});
  std::vector<Moment> moments;
  std::vector<double> sparsities, rates;
  while (run.advance()) {
    moments.push_back(run.progress().moment);
    if (moments.back() != Moment::trained) continue;
    sparsities.push_back(run.sparsity());
    rates.push_back(bench.sgd.lr());
  }
  using enum Moment;
  std::vector<Moment> expected(3, trained);
  expected.push_back(dense);
  expected.insert(expected.end(), 12, trained);
  expected.push_back(pruned);
  expected.insert(expected.end(), 6, trained);
  expected.insert(expected.end(), {finetuned, finished});
  CHECK(moments == expected);
  CHECK(run.epochs().size() == 6);
  // Four cuts, after 6, 9, 12 and 15 of 21 steps, each of which keeps the same share.
  REQUIRE(sparsities.size() == 21);
  for (size_t step = 0; step < sparsities.size(); ++step) {
    const double cuts = step < 5 ? 0 : std::min<double>(4, std::floor(static_cast<double>(step - 5) / 3) + 1);
    CHECK(sparsities[step] == doctest::Approx(1 - std::pow(0.1, cuts / 4)).epsilon(0.001));
  }
  CHECK(rates[14] == 0.05);  // one schedule over all of it
  CHECK(rates[18] < rates[17]);
  CHECK(rates[20] == 0);
}

TEST_CASE("recipe. a ramp does what the loop written by hand does, to the bit") {
  Bench bench, by_hand;
  bench.run({.criterion = "taylor",
             .sparsity = 0.8,
             .schedule = "linear",
             .ramp_epochs = 2,
             .update_every = 2,
             .finetune_epochs = 1});
  const auto weights = prune::weights(by_hand.net);
  int64_t step = 0;
  train::fit(by_hand.net, by_hand.sgd, by_hand.loader,
             {.epochs = 3, .after_step = [&](double) {
                if (++step % 2 == 1 || step > 6) return;
                const int64_t epoch = by_hand.loader.epoch();
                const double to = step == 6 ? 0.8 : static_cast<double>(step) * 0.8 / 6;
                prune::prune(
                    weights, prune::fraction_of_total(to),
                    {prune::taylor({.module = by_hand.net, .loader = by_hand.loader, .batches = 100})});
                by_hand.loader.set_epoch(epoch);
              }});
  const auto a = bench.net.parameters(), b = by_hand.net.parameters();
  for (size_t k = 0; k < a.size(); ++k) CHECK(test::bit_difference(a[k].values(), b[k].values()) == "");
}

TEST_CASE("recipe. a ramp of channels deletes them in the middle of its training") {
  Bench bench;
  const auto full = graph::count(bench.net, bench.loader.example()).macs;
  const auto moments = bench.run(
      {.granularity = "channel", .to_macs = 0.5, .ramp_epochs = 2, .update_every = 2, .finetune_epochs = 1});
  using enum Moment;
  CHECK(without_training(moments) == std::vector{dense, pruned, finetuned, finished, deleted});
  CHECK(channels(bench.net) < channels(models::SimpleCNN()));
  CHECK(static_cast<double>(graph::count(bench.net, bench.loader.example()).macs) <=
        0.5 * static_cast<double>(full));
}

TEST_CASE("recipe. sums of gradients bring back as many as dead units leave free, among all layers") {
  Bench bench;
  recipe::Run run(bench.net, bench.sgd, bench.loader,
                  {.sparsity = 0.99,
                   .schedule = "exponential",
                   .regrow = "gradient-sum:2",
                   .ramp_epochs = 4,
                   .update_every = 3,
                   .finetune_epochs = 4,
                   .cut_dead_units = true});
  const auto weights = prune::weights(bench.net);
  const int64_t all = prune::count_elements(weights).all;
  int64_t changes = 0, steps = 0, grown = 0;
  std::vector<Mask> before;
  while (run.advance()) {
    if (run.progress().moment != Moment::trained) continue;
    ++steps;
    std::vector<Mask> masks;
    int64_t alive = 0;
    for (const auto& weight : weights) {
      masks.push_back(weight.mask_or_all());
      alive += masks.back().count_alive();
    }
    if (steps % 3 == 0 && steps <= 12)
      CHECK(alive == all - std::llround(static_cast<double>(all) *
                                        (1 - std::pow(0.01, static_cast<double>(steps) / 12))));
    for (size_t k = 0; !before.empty() && k < masks.size(); ++k) {
      for (int64_t i = 0; i < masks[k].shape().numel(); ++i) grown += masks[k][i] && !before[k][i];
    }
    changes += !before.empty() && masks != before;
    before = masks;
  }
  CHECK(steps == 24);
  CHECK(changes == 6);  // after 3, 6, 9, 12, 15 and 18 steps, not after 21, when the mask is fixed
  CHECK(grown > 100);
  CHECK(run.sparsity() == doctest::Approx(0.99).epsilon(0.001));
}

TEST_CASE("recipe. gradients are summed over as many steps before an update as are asked for") {
  const auto first_layer = [](const std::string& regrow) {
    Bench bench;
    bench.run({.sparsity = 0.9,
               .schedule = "exponential",
               .regrow = regrow,
               .ramp_epochs = 2,
               .update_every = 3,
               .finetune_epochs = 2});
    return bench.net.conv1.weight.to_vector();
  };
  CHECK(first_layer("gradient-sum:1") != first_layer("gradient-sum:2"));
  CHECK(first_layer("gradient-sum:2") != first_layer("gradient-sum:3"));
  CHECK(first_layer("gradient-sum:3") ==
        first_layer("gradient-sum:100"));  // never those before the last update
}

TEST_CASE("recipe. a cut gives batch normalisation the statistics of what is left") {
  const auto data = noise(60);
  const auto difference = [&](std::optional<int64_t> batches, const std::string& granularity) {
    manual_seed(3);
    nn::Sequential net{nn::Conv2d(1, 8, 3), nn::BatchNorm2d(8), nn::Flatten(), nn::Linear(8 * 26 * 26, 10)};
    optim::SGD sgd(net.parameters(), {.lr = 0.01});
    data::DataLoader loader(data, {.batch_size = 20, .seed = 1});
    recipe::Run run(net, sgd, loader,
                    {.granularity = granularity,
                     .sparsity = 0.5,
                     .schedule = "one-shot",
                     .epochs = 1,
                     .recalibrate_bn = batches});
    Tensor before;
    while (run.advance() && run.progress().moment != Moment::pruned)
      before = net.named_buffers()[1].second.clone();
    return test::bit_difference(before.to_vector(), net.named_buffers()[1].second.to_vector()) != "";
  };
  CHECK(difference({}, "channel"));
  CHECK_FALSE(difference(0, "channel"));
  CHECK_FALSE(difference({}, "weight"));
  CHECK(difference(1, "weight"));
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
