// What happens at the edges of numbers is defined: each case gives what its comment says, or an error that
// names it, and nothing is lost by it.
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/data/dataset.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/norm.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/optim/lion.hpp>
#include <tinynn/optim/rmsprop.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/structured/compact.hpp>
#include <tinynn/train/evaluate.hpp>
#include <tinynn/train/run.hpp>

#include "tests/support/error_of.hpp"

using namespace tinynn;

namespace {

data::DataLoader two_classes(const Tensor& images = randn({8, 4})) {
  auto data = std::make_shared<data::TensorDataset>(images, Labels({0, 1, 0, 1, 0, 1, 0, 1}));
  return data::DataLoader(data, {.batch_size = 4});
}

nn::Sequential normalised_net() {
  return nn::Sequential{nn::Linear(4, 5), nn::BatchNorm1d(5), nn::ReLU(), nn::Linear(5, 2)};
}

bool is_finite(nn::Module& net) {
  for (const Parameter& p : net.parameters()) {
    for (const float x : p.values()) {
      if (!std::isfinite(x)) return false;
    }
  }
  for (const auto& [name, buffer] : net.named_buffers()) {
    for (const float x : buffer.values()) {
      if (!std::isfinite(x)) return false;
    }
  }
  return true;
}

std::vector<float> every_value(nn::Module& net) {
  std::vector<float> all;
  for (const Parameter& p : net.parameters()) all.insert(all.end(), p.values().begin(), p.values().end());
  return all;
}

template <class Optimizer, class Options>
void try_rates(Options options) {
  manual_seed(1);
  auto loader = two_classes();
  auto net = normalised_net();
  const auto before = every_value(net);
  options.lr = 0;  // trains nothing, whatever the gradients are
  Optimizer still(net.parameters(), options);
  train::fit(net, still, loader, {.epochs = 2});
  CHECK(every_value(net) == before);
  // At a rate that no training survives, it ends with the step at which the loss became no number.
  options.lr = 1e30;
  Optimizer wild(net.parameters(), options);
  const std::string error = test::error_of([&] { train::fit(net, wild, loader, {.epochs = 5}); });
  CHECK(error.find("the loss became") != std::string::npos);
}

}  // namespace

TEST_CASE("train. a learning rate of zero trains nothing, one of 1e30 ends in an error") {
  try_rates<optim::SGD>(optim::SGDOptions{.momentum = 0.9});
  try_rates<optim::Adam>(optim::AdamOptions{});
  try_rates<optim::AdamW>(optim::AdamWOptions{.weight_decay = 0});
  try_rates<optim::RMSprop>(optim::RMSpropOptions{});
  try_rates<optim::Lion>(optim::LionOptions{});
}

TEST_CASE("train. a loss that overflows is named, and costs nothing but its step") {
  manual_seed(2);
  auto loader = two_classes(full({8, 4}, 3e38));
  nn::Sequential net{nn::Linear(4, 2)};
  net.parameters()[0].assign(ones({2, 4}));
  optim::SGD sgd(net.parameters(), {.lr = 0.1});
  const auto before = every_value(net);
  CHECK(test::error_of([&] { train::fit(net, sgd, loader); }).find("in epoch 1 at step 1 of 2") !=
        std::string::npos);
  CHECK(every_value(net) == before);
}

TEST_CASE("train. a loss that is no number is told without a sign") {
  auto loader = two_classes();
  auto net = normalised_net();
  optim::SGD sgd(net.parameters(), {.lr = 0.1});
  const auto error = [&](double factor) {
    const auto loss = [&](const Tensor& output, const Targets&) { return sum(output * output) * factor; };
    return test::error_of([&] { train::fit(net, sgd, loader, {.loss = loss}); });
  };
  for (const double nan : {std::nan(""), -std::nan("")})
    CHECK(error(nan).starts_with("fit: the loss became nan in epoch 1"));
  CHECK(error(-1e300).find("the loss became -inf") != std::string::npos);
}

TEST_CASE("train. features without variance become the bias, and are trained on") {
  manual_seed(3);
  auto loader = two_classes(ones({8, 4}));
  auto net = normalised_net();
  optim::Adam adam(net.parameters());
  train::fit(net, adam, loader, {.epochs = 20});
  CHECK(is_finite(net));
  CHECK(net.named_buffers()[1].second.values()[0] < 0.1F);  // the running variance goes to 0
  CHECK(std::isfinite(train::evaluate(net, loader).loss));
  const Tensor y =
      batch_norm(ones({4, 5}), zeros({5}), ones({5}), ones({5}), full({5}, 3), {.training = true});
  for (const float x : y.values()) CHECK(x == 3);
}

TEST_CASE("train. one sample has no variance: an error in training, none in evaluation") {
  nn::Sequential net{nn::Linear(4, 5), nn::BatchNorm1d(5)};
  const std::string error = test::error_of([&] { net(ones({1, 4})); });
  CHECK(error.find("batch_norm") != std::string::npos);
  net.eval();
  CHECK(net(ones({1, 4})).shape() == Shape{1, 5});
}

TEST_CASE("train. a network of which everything is pruned trains, runs and stays as it is") {
  manual_seed(4);
  auto loader = two_classes();
  auto net = normalised_net();
  for (Parameter weight : prune::weights(net)) weight.set_mask(Mask(weight.shape(), false));
  CHECK(prune::sparsity(prune::weights(net)) == 1);
  optim::Adam adam(net.parameters());
  train::fit(net, adam, loader, {.epochs = 3});
  CHECK(is_finite(net));
  CHECK(prune::sparsity(prune::weights(net)) == 1);
  // Pruning goes on to have nothing to prune.
  prune::prune(prune::weights(net), prune::fraction(0.5));
  const double accuracy = train::evaluate(net, loader).accuracy;
  CHECK(accuracy == 0.5);  // by its biases, one class for all
  const auto report = structured::compact(net, randn({3, 4}));
  CHECK(report.channels > 0);
  CHECK(train::evaluate(net, loader).accuracy == accuracy);
}

TEST_CASE("train. labels outside the classes are named, and nothing is trained") {
  auto net = normalised_net();
  const auto before = every_value(net);
  optim::SGD sgd(net.parameters(), {.lr = 0.1});
  for (const int64_t label : {int64_t{2}, int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
    const std::string error = test::error_of([&] {
      auto data = std::make_shared<data::TensorDataset>(randn({4, 4}), Labels({0, 1, label, 0}));
      data::DataLoader loader(data, {.batch_size = 4});
      train::fit(net, sgd, loader);
    });
    CAPTURE(error);
    CHECK(error.find("label") != std::string::npos);
    CHECK(error.find(std::to_string(label)) != std::string::npos);
    CHECK(every_value(net) == before);
  }
}

TEST_CASE("train. an empty batch runs through every layer, and has no mean loss") {
  auto net = normalised_net();
  CHECK(net(zeros({0, 4})).shape() == Shape{0, 2});
  CHECK(test::error_of([&] {
          cross_entropy(net(zeros({0, 4})), Labels()).backward();
        }) == "cross_entropy: the batch is empty, so its mean is undefined");
  sum(net(zeros({0, 4}))).backward();
  CHECK(is_finite(net));
  for (const float g : net.parameters()[0].grad().values()) CHECK(g == 0);
}
