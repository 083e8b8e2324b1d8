#include <limits>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/graph/channel_map.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/models/lenet_5.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/models/resnet.hpp>
#include <tinynn/nn/conv1d.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/conv_transpose2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/structured/compact.hpp>
#include <tinynn/structured/dead_channels.hpp>
#include <tinynn/structured/groups.hpp>
#include <tinynn/structured/prune_channels.hpp>

#include "tests/support/draw.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/random_network.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace tinynn;

namespace {

Tensor digits() { return test::Draw(11).tensor({2, 1, 28, 28}); }
Tensor photos() { return test::Draw(12).tensor({2, 3, 32, 32}); }

}  // namespace

TEST_CASE(
    "structured. groups list what hangs together and what one channel costs, which is what deleting it "
    "saves") {
  models::LeNet5 lenet;
  const auto groups = structured::groups(lenet, digits());
  CHECK(structured::to_text({groups.begin(), groups.begin() + 2}) ==
        "20 channels, each 1276 parameters and 94400 multiply-adds\n"
        "    conv1.weight (20, 1, 5, 5) along dimension 0\n"
        "    conv1.bias (20) along dimension 0\n"
        "    conv2.weight (50, 20, 5, 5) along dimension 1\n"
        "50 channels, each 8501 parameters and 40000 multiply-adds\n"
        "    conv2.weight (50, 20, 5, 5) along dimension 0\n"
        "    conv2.bias (50) along dimension 0\n"
        "    fc1.weight (500, 800) along dimension 1, 16 indices a channel\n");
  REQUIRE(groups.size() == 4);
  CHECK(groups[3].pinned == "the model's output");

  manual_seed(1);
  models::ResNet20 resnet;
  const auto of_resnet = structured::groups(resnet, photos());
  CHECK(of_resnet.size() == 3 + 9 + 1);  // the stages' sums, the inside of each block, the classes
  for (size_t k = 0; k < of_resnet.size(); k += 3) {  // each kind of group once or twice
    if (!of_resnet[k].pinned.empty()) continue;
    auto net = clone(resnet);
    const auto before = graph::count(net, photos());
    const auto members = structured::groups(net, photos())[k].members;
    // All that produces the channel: every member along dimension 0.
    for (const auto& member : members) {
      Parameter p = Parameter::of(member.tensor);
      if (!p.defined() || member.dim != 0 || p.rank() < 2) continue;
      Mask dead(p.shape());
      for (int64_t i = 0; i < p.numel(); ++i) {
        if (i / p.shape().inner(0) == member.indices[0][0]) dead.set(i, false);
      }
      p.prune(dead);
    }
    CHECK(structured::compact(net, photos()).channels == 1);
    const auto after = graph::count(net, photos());
    CHECK(before.parameters - after.parameters == of_resnet[k].parameters);
    CHECK(before.macs - after.macs == of_resnet[k].macs);
  }
}

TEST_CASE("structured. what channels are said to cost is what deleting them saves, in random networks") {
  int64_t cuts = 0;
  for (uint64_t seed = 1; seed <= 80; ++seed) {
    CAPTURE(seed);
    manual_seed(seed);
    test::RandomNetwork net(seed);
    const Tensor x = test::Draw(seed).tensor({2, 2, test::RandomNetwork::size, test::RandomNetwork::size});
    const graph::ChannelMap map(graph::trace(net, x));
    structured::ChannelCosts costs(map);
    const auto before = graph::count(net, x);
    REQUIRE(costs.total().parameters == before.parameters);
    REQUIRE(costs.total().macs == before.macs);
    if (test::error_of([&] { structured::prune_channels(net, x, {.amount = prune::to_macs(0.7)}); }) !=
        "no error")
      continue;
    const structured::DeadChannels dead(map, true);
    for (const int64_t c : dead.classes()) costs.remove(c);
    if (!structured::compact(net, x).kept.empty()) continue;  // constants that nothing can take, with reasons
    CHECK(costs.total().macs == graph::count(net, x).macs);
    CHECK(10 * graph::count(net, x).macs <= 7 * before.macs);
    ++cuts;
  }
  CHECK(cuts > 40);
}

TEST_CASE("structured. channels to a budget of MACs or parameters: met, as closely as one channel allows") {
  for (const auto scope : {prune::Scope::global, prune::Scope::local}) {
    for (const double budget : {0.5, 0.125}) {
      manual_seed(2);
      models::ResNet20 net;
      const auto before = graph::count(net, photos());
      structured::prune_channels(net, photos(), {.amount = prune::to_macs(budget), .scope = scope});
      const auto report = structured::compact(net, photos());
      const auto after = graph::count(net, photos());
      const double left = static_cast<double>(after.macs) / static_cast<double>(before.macs);
      CAPTURE(budget);
      CHECK(left <= budget);
      CHECK(left > budget - 0.03);
      CHECK(report.kept.empty());
      CHECK(report.output_change_by_bias == 0);  // channels() masked the biases along
    }
    manual_seed(2);
    models::LeNet5 net;
    structured::prune_channels(net, digits(), {.amount = prune::to_parameters(0.1), .scope = scope});
    const auto report = structured::compact(net, digits());
    CHECK(report.parameters <= 43108);
    CHECK(report.parameters > 41000);
  }
}

TEST_CASE(
    "structured. every model loses three quarters of its MACs, and loads from its file into a fresh one") {
  const test::TemporaryFolder folder;
  for (const auto& name : models::names()) {
    CAPTURE(name);
    const auto net = models::make(name), fresh = models::make(name);
    const Tensor images = models::input_shape(name)[0] == 3 ? photos() : digits();
    const auto before = graph::count(*net, images);
    structured::prune_channels(*net, images, {.amount = prune::to_macs(0.25)});
    CHECK(structured::compact(*net, images).kept.empty());
    CHECK(4 * graph::count(*net, images).macs <= before.macs);
    io::save(*net, folder.path() / "small.safetensors");
    io::load(*fresh, folder.path() / "small.safetensors");
    CHECK(graph::run(*fresh, images)[0].to_vector() == graph::run(*net, images)[0].to_vector());
    cross_entropy((*fresh)(images), Labels({1, 2})).backward();  // and trains on
  }
}

TEST_CASE("structured. channels by count and fraction, with floors, multiples and exceptions") {
  const auto sizes = [](const structured::ChannelOptions& options) {
    manual_seed(3);
    models::LeNet5 net;
    auto copy = options;
    if (!copy.except.empty()) copy.except = {net.conv1.weight};
    structured::prune_channels(net, digits(), copy);
    structured::compact(net, digits());
    return std::vector{net.conv1.weight.size(0), net.conv2.weight.size(0), net.fc1.weight.size(0)};
  };
  using Sizes = std::vector<int64_t>;
  using prune::Scope;
  using structured::ChannelKind;
  CHECK(sizes({.amount = prune::fraction(0.5), .scope = Scope::local}) == Sizes{10, 25, 250});
  int64_t left = 0;
  for (const int64_t size : sizes({.amount = prune::fraction(0.5), .round_to = 4})) {
    CHECK(size % 4 == 0);
    left += size;
  }
  CHECK(left <= 285);
  CHECK(left > 285 - 4);
  CHECK(sizes({.amount = prune::fraction(0.5), .scope = Scope::local, .kind = ChannelKind::images}) ==
        Sizes{10, 25, 500});
  CHECK(sizes({.amount = prune::fraction(0.5), .scope = Scope::local, .kind = ChannelKind::neurons}) ==
        Sizes{20, 50, 250});
  CHECK(sizes({.amount = prune::fraction(0.5), .scope = Scope::local, .except = {Parameter(ones({1}))}}) ==
        Sizes{20, 25, 250});
  const auto floored = sizes({.amount = prune::count(500), .keep_at_least = 0.1});
  CHECK(floored[0] >= 2);
  CHECK(floored[1] >= 5);
  CHECK(floored[2] >= 50);
  CHECK(floored[0] + floored[1] + floored[2] == 70);
}

TEST_CASE("structured. channels die by the criterion: what is planted as small goes first") {
  manual_seed(4);
  models::LeNet5 net;
  net.conv2.weight.update([](std::span<float> w) {
    for (size_t i = 0; i < 500; ++i) w[3 * 500 + i] *= 1e-3F;
  });
  net.fc1.weight.update([](std::span<float> w) {
    for (size_t o = 0; o < 500; ++o) {
      for (size_t i = 0; i < 16; ++i) w[o * 800 + 3 * 16 + i] *= 1e-3F;
    }
  });
  structured::prune_channels(net, digits(), {.amount = prune::count(1)});
  CHECK(net.conv2.weight.mask().count_alive() == 49 * 500);
  CHECK(!net.conv2.weight.mask()[3 * 500]);
  CHECK(!net.conv2.bias.mask()[3]);
}

TEST_CASE("structured. a channel's scores are added, or the largest or smallest of each weight counts") {
  const auto dies = [](const prune::Criterion& criterion) {
    nn::Sequential net{nn::Linear(3, 3), nn::Linear(3, 2)};
    const auto weights = prune::weights(net);
    Parameter(weights[0]).assign(tensor({6, -1, 6, 4, 4, -3, 2, -2, 5}, {3, 3}));
    Parameter(weights[1]).assign(ones({2, 3}));
    structured::prune_channels(net, ones({1, 3}), {.amount = prune::count(1), .criterion = criterion});
    for (int64_t row = 0; row < 3; ++row) {
      if (weights[0].mask().defined() && !weights[0].mask()[3 * row]) return row;
    }
    return int64_t{-1};
  };
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(dies(prune::magnitude()) == 2);    // 13, 11, 9
  CHECK(dies(prune::ln(infinity)) == 1);   // 6, 4, 5
  CHECK(dies(prune::ln(-infinity)) == 0);  // 1, 3, 2
}

TEST_CASE("structured. a criterion of outputs ranks a channel by what makes it, not by what reads it") {
  manual_seed(8);
  models::LeNet5 net;
  // Scores of outputs: high for all filters of conv2 but one, low for fc1, whose columns say nothing of
  // conv2.
  const prune::Criterion scores = [&](const Parameter& weight) {
    Tensor score = full(weight.shape(), 1);
    if (weight.shape() == net.conv2.weight.shape()) std::fill_n(score.mutable_data() + 7 * 500, 500, 0.5F);
    if (weight.shape() == net.fc1.weight.shape()) {
      for (int64_t o = 0; o < 500; ++o) std::fill_n(score.mutable_data() + o * 800 + 9 * 16, 16, 0.0F);
    }
    return score;
  };
  const auto first_to_go = [&](const prune::Criterion& criterion) {
    auto copy = clone(net);
    structured::prune_channels(
        copy, digits(), {.amount = prune::count(1), .criterion = criterion, .made_by = {copy.conv2.weight}});
    for (int64_t channel = 0; channel < 50; ++channel)
      if (!copy.conv2.bias.mask()[channel]) return channel;
    return int64_t{-1};
  };
  CHECK(first_to_go(scores) == 9);  // fc1's columns weigh more: 8,000 of them a channel
  CHECK(first_to_go(scores.of_outputs()) == 7);
}

TEST_CASE("structured. only channels that the given weights make go, whatever reads them") {
  manual_seed(9);
  models::LeNet5 net;
  structured::prune_channels(
      net, digits(), {.amount = prune::to_macs(0.3), .made_by = {net.conv1.weight, net.conv2.weight}});
  CHECK(net.conv1.weight.mask().count_alive() < net.conv1.weight.numel());
  CHECK(net.conv2.weight.mask().count_alive() < net.conv2.weight.numel());
  CHECK(!net.fc1.bias.mask().defined());

  models::LeNet5 other;  // conv2 reads what conv1 makes
  structured::prune_channels(other, digits(),
                             {.amount = prune::fraction(0.5), .made_by = {other.conv2.weight}});
  CHECK(other.conv2.bias.mask().count_alive() == 25);
  CHECK(!other.conv1.weight.mask().defined());
}

TEST_CASE("structured. channels that go together are ranked by their mean, however many they are") {
  nn::Sequential net{nn::Linear(3, 8), nn::ReLU(), nn::Linear(8, 5), nn::ReLU(), nn::Linear(5, 2)};
  const auto scores = [](const Parameter& weight) {  // by output: 0.5 four times of a mean of 1; 0.8 once
    Tensor result(weight.shape());
    for (int64_t i = 0; i < weight.numel(); ++i) {
      const int64_t output = i / weight.size(1);
      const double low = weight.size(0) == 8 ? 0.5 : 0.8, high = weight.size(0) == 8 ? 1.5 : 1.05;
      const bool is_low = output < (weight.size(0) == 8 ? 4 : 1);
      result.mutable_data()[i] = static_cast<float>(is_low ? low : high);
    }
    return result;
  };
  structured::prune_channels(
      net, randn({2, 3}),
      {.amount = prune::count(1), .criterion = prune::Criterion(scores).of_outputs(), .round_to = 4});
  const auto& first = dynamic_cast<nn::Linear&>(net[0]);
  REQUIRE(first.bias.mask().defined());
  CHECK(first.bias.mask().count_alive() == 4);
  CHECK(!dynamic_cast<nn::Linear&>(net[2]).bias.mask().defined());
}

TEST_CASE("structured. the multiplications of a layer that is called twice count twice") {
  struct Twice : nn::Module {
    nn::Linear hidden{4, 4}, out{4, 2};
    void members(nn::Visitor& v) override { v("hidden", hidden), v("out", out); }
    Tensor forward(const Tensor& x) override { return out(relu(hidden(relu(hidden(x))))); }
  } net;
  const Tensor x = randn({2, 4});
  CHECK(structured::channel_totals(net, x, {}).macs == 2 * 16 + 8);
  CHECK(structured::channel_totals(net, x, {}).macs == graph::count(net, x).macs);
}

TEST_CASE("structured. a budget that would empty a layer is an error, and nothing has changed") {
  manual_seed(5);
  models::LeNet5 net;
  CHECK_THROWS_WITH_AS(structured::prune_channels(net, digits(), {.amount = prune::to_macs(0.001)}),
                       "channels: the amount cannot be reached: with all gone that may go, 3 of 570 "
                       "channels, 16026 of 2293000 "
                       "multiply-adds and 89 of 431080 parameters remain; pinned are 10 of fc2.weight (the "
                       "model's output)",
                       Error);
  for (const auto& p : net.parameters()) CHECK(!p.mask().defined());
  CHECK_THROWS_WITH_AS(
      structured::prune_channels(net, digits(), {.amount = prune::fraction(0.1), .round_to = 0}),
      "channels: round_to is 0, expected at least 1", Error);
  CHECK_THROWS_WITH_AS(prune::l1_unstructured(net.fc1.weight, prune::to_macs(0.5)),
                       "a budget of MACs or parameters is for channels; see structured::prune_channels",
                       Error);
}

TEST_CASE("structured. channels to a measure tries budgets and leaves nothing of the tries but masks") {
  manual_seed(6);
  models::LeNet5 net;
  const auto parameters = net.fc1.weight.shape();
  // In place of a clock: the MACs themselves, so that the answer is known.
  const auto macs = [&] { return static_cast<double>(graph::count(net, digits()).macs); };
  const double budget = structured::prune_channels_to_measure(net, digits(), 0.5, macs);
  CHECK(budget > 0.49);
  CHECK(budget < 0.55);  // one channel of conv1 is 4% of all
  CHECK(net.fc1.weight.shape() == parameters);
  structured::compact(net, digits());
  CHECK(macs() <= 0.5 * 2293000);
}

TEST_CASE("structured. channels of a transposed convolution are those that it makes, at what it costs") {
  manual_seed(3);
  nn::Sequential net{nn::Conv2d(2, 6, 3), nn::ReLU(), nn::ConvTranspose2d(6, 4, 3, {.stride = 2}), nn::ReLU(),
                     nn::Conv2d(4, 2, 1)};
  const Tensor x = randn({2, 2, 6, 6});
  auto& transposed = dynamic_cast<nn::ConvTranspose2d&>(net[2]);
  const auto groups = structured::groups(net, x);
  REQUIRE(groups.size() == 3);
  CHECK(groups[1].macs == 6 * 9 * 4 * 4 + 2 * 9 * 9);  // 4x4 pixels come in, 9x9 go on
  CHECK(groups[1].images);
  const auto before = graph::count(net, x);
  structured::prune_channels(net, x, {.amount = prune::count(2), .made_by = {transposed.weight}});
  structured::compact(net, x);
  CHECK(transposed.weight.shape() == Shape{6, 2, 3, 3});
  CHECK(graph::count(net, x).macs == before.macs - 2 * groups[1].macs);
}

TEST_CASE("structured. filters of sequences are pruned as those of images are, not as neurons") {
  manual_seed(3);
  nn::Sequential net{nn::Conv1d(2, 6, 3), nn::ReLU(), nn::Flatten(),
                     nn::Linear(24, 5),   nn::ReLU(), nn::Linear(5, 2)};
  const Tensor x = randn({2, 2, 6});
  structured::prune_channels(net, x, {.amount = prune::count(2), .kind = structured::ChannelKind::images});
  structured::compact(net, x);
  CHECK(net.parameters()[0].shape() == Shape{4, 2, 3});
  CHECK(net.parameters()[2].shape() == Shape{5, 16});
}

TEST_CASE("structured. isomorphic scope takes the same share from all kinds of places") {
  const auto shares = [](bool isomorphic) {
    manual_seed(1);
    models::ResNet20 net;
    // Of the last stage a few channels have nearly all the weight: most of it is little beside their mean.
    for (Parameter parameter : prune::weights(net)) {
      if (parameter.shape()[0] != 64) continue;
      parameter.update([&](std::span<float> w) {
        const size_t inner = w.size() / 64;
        for (size_t i = 0; i < w.size(); ++i) w[i] *= i / inner < 8 ? 100.0F : 1.0F;
      });
    }
    structured::prune_channels(net, photos(), {.amount = prune::fraction(0.5), .isomorphic = isomorphic});
    const graph::ChannelMap map(graph::trace(net, photos()));
    const auto dead = structured::DeadChannels(map, true).classes();
    std::map<size_t, std::pair<double, double>> by_members;  // dead and all; blocks have 5 members or 7
    for (const auto& group : structured::groups(map)) {
      if (!group.pinned.empty()) continue;
      auto& [gone, all] = by_members[group.members.size()];
      all += static_cast<double>(group.classes.size());
      for (const int64_t c : group.classes) gone += dead.contains(c);
    }
    std::vector<double> result;
    for (const auto& [members, counts] : by_members) result.push_back(counts.first / counts.second);
    return result;
  };
  const auto same = shares(true);
  REQUIRE(same.size() >= 3);  // inside of blocks, and sums of stages of two sizes or three
  for (const double share : same) CHECK(share == doctest::Approx(0.5).epsilon(0.07));
  bool differs = false;
  for (const double share : shares(false)) differs = differs || std::abs(share - 0.5) > 0.1;
  CHECK(differs);
}
