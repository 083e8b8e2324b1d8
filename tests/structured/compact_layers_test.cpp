// Deletion through layers whose own parameters go with a channel, or hold several channels together.
#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/group_norm.hpp>
#include <tinynn/nn/layer_norm.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/prelu.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/structured/compact.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"

using namespace tinynn;

namespace {

template <class Layer>
Layer& layer(nn::Sequential& net, int64_t i) {
  return dynamic_cast<Layer&>(net[i]);
}

// Deletes what the masks have killed, and checks that the outputs are those of the masked network.
structured::Compacted compact(nn::Module& net, const Tensor& x) {
  structured::complete_masks(net, x);
  const Tensor before = graph::run(net, x)[0];
  const auto report = structured::compact(net, x);
  CHECK(report.output_difference <= 1e-6);
  CHECK(test::difference(graph::run(net, x)[0].values(), before.values(), 1e-5) == "");
  return report;
}

}  // namespace

TEST_CASE("structured. a slope of PReLU goes with its channel, one for all stays, and neither kills one") {
  manual_seed(20);
  const Tensor x = test::Draw(20).tensor({3, 2, 6, 6});
  nn::Sequential net{nn::Conv2d(2, 4, 3), nn::PReLU(4), nn::Conv2d(4, 4, 3), nn::PReLU(),
                     nn::Conv2d(4, 2, 1)};
  auto& slopes = layer<nn::PReLU>(net, 1).weight;
  slopes.assign(tensor({1, 2, 3, 4}));
  prune::mask_slices(layer<nn::Conv2d>(net, 0).weight, 0, {1});
  prune::mask_slices(layer<nn::Conv2d>(net, 2).weight, 0, {0, 2});
  prune::mask_slices(slopes, 0, {3});  // relu of it, which is alive
  const auto report = compact(net, x);
  CHECK(report.channels == 3);
  CHECK(slopes.to_vector() == std::vector<float>{1, 3, 0});
  CHECK(layer<nn::Conv2d>(net, 2).weight.shape() == Shape{2, 3, 3, 3});
  CHECK(layer<nn::PReLU>(net, 3).weight.shape() == Shape{1});
}

TEST_CASE("structured. a group of GroupNorm is deleted as a whole, and only if all of it is dead") {
  manual_seed(21);
  const Tensor x = test::Draw(21).tensor({3, 2, 6, 6});
  nn::Sequential net{nn::Conv2d(2, 6, 3), nn::GroupNorm(3, 6), nn::ReLU(), nn::Conv2d(6, 2, 1)};
  auto& first = layer<nn::Conv2d>(net, 0).weight;
  prune::mask_slices(first, 0, {0, 2, 3, 5});
  const auto report = compact(net, x);
  CHECK(report.channels == 1);  // the second group; the others are half alive
  CHECK(first.shape() == Shape{4, 2, 3, 3});
  CHECK(layer<nn::GroupNorm>(net, 1).weight.shape() == Shape{4});
  CHECK(layer<nn::Conv2d>(net, 3).weight.shape() == Shape{2, 4, 1, 1});
  CHECK(report.kept ==
        std::vector<std::string>{"0.weight[0]: tied to channels that are alive, or the last of its layer",
                                 "0.weight[5]: tied to channels that are alive, or the last of its layer"});
}

TEST_CASE("structured. a dead channel whose group is alive is no constant after GroupNorm") {
  manual_seed(22);
  const Tensor x = test::Draw(22).tensor({3, 2, 6, 6});
  nn::Sequential net{nn::Conv2d(2, 4, 3), nn::GroupNorm(2, 4), nn::Conv2d(4, 2, 1)};
  auto &first = layer<nn::Conv2d>(net, 0), &last = layer<nn::Conv2d>(net, 2);
  first.bias.assign(tensor({1, 2, 3, 4}));
  prune::mask_slices(first.weight, 0, {0});
  prune::mask_slices(last.weight, 1, {1});  // so that the group's other channel is not read
  const auto report = compact(net, x);
  CHECK(report.channels == 0);
  CHECK(first.weight.shape() == Shape{4, 2, 3, 3});
}

TEST_CASE("structured. what LayerNorm or a single group normalises over is not deleted") {
  manual_seed(23);
  const Tensor x = test::Draw(23).tensor({3, 5});
  nn::Sequential layers{nn::Linear(5, 4), nn::LayerNorm(4), nn::ReLU(), nn::Linear(4, 2)},
      groups{nn::Linear(5, 4), nn::GroupNorm(1, 4), nn::ReLU(), nn::Linear(4, 2)};
  for (auto* net : {&layers, &groups}) {
    prune::mask_slices(layer<nn::Linear>(*net, 0).weight, 0, {1});
    const auto report = compact(*net, x);
    CHECK(report.channels == 0);
    CHECK(report.kept == std::vector<std::string>{
                             "0.weight[1]: " + std::string(net == &layers ? "layer_norm" : "group_norm") +
                             " normalises over it"});
  }
}

TEST_CASE("structured. channels are deleted through LayerNorm over the pixels of each") {
  manual_seed(24);
  const Tensor x = test::Draw(24).tensor({3, 2, 6, 6});
  nn::Sequential net{nn::Conv2d(2, 4, 3), nn::LayerNorm({4, 4}), nn::Conv2d(4, 2, 1)};
  prune::mask_slices(layer<nn::Conv2d>(net, 0).weight, 0, {1, 2});
  CHECK(compact(net, x).channels == 2);
  // With a bias for each pixel nothing is the same everywhere.
  nn::Sequential biased{nn::Conv2d(2, 4, 3), nn::LayerNorm({4, 4}), nn::Conv2d(4, 2, 1)};
  layer<nn::LayerNorm>(biased, 1).bias.assign(test::Draw(25).tensor({4, 4}));
  prune::mask_slices(layer<nn::Conv2d>(biased, 0).weight, 0, {1, 2});
  const auto report = compact(biased, x);
  CHECK(report.channels == 0);
  CHECK(report.kept.size() == 2);
}

TEST_CASE("structured. any filters before groups of 1, 2 and 4 channels may be masked: deletion is exact") {
  int64_t deleted = 0, folded = 0;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    manual_seed(seed);
    test::Draw draw(seed);
    const int64_t per_group = int64_t{1} << draw.between(0, 2), channels = per_group * draw.between(2, 5);
    const bool affine = draw.chance(0.7), sigmoid = draw.coin();
    nn::Sequential net{nn::Conv2d(2, channels, 3),
                       nn::GroupNorm(channels / per_group, channels, {.eps = 1e-2, .affine = affine})};
    if (sigmoid) net.add(nn::Sequential::Entry(nn::Sigmoid()));
    net.add(nn::Sequential::Entry(nn::PReLU(channels)));
    net.add(nn::Sequential::Entry(nn::Conv2d(channels, 3, 3)));
    auto &first = layer<nn::Conv2d>(net, 0), &last = layer<nn::Conv2d>(net, net.size() - 1);
    auto& norm = layer<nn::GroupNorm>(net, 1);
    if (affine) norm.weight.assign(draw.tensor({channels}));
    if (affine) norm.bias.assign(draw.tensor({channels}));
    std::vector<bool> dead(static_cast<size_t>(channels)), unread(dead);
    for (int64_t c = 0; c < channels; ++c) {
      dead[c] = draw.chance(0.6);
      unread[c] = draw.chance(0.3);
      if (dead[c]) prune::mask_slices(first.weight, 0, {c});
      if (unread[c]) prune::mask_slices(last.weight, 1, {c});
      if (affine && draw.chance(0.2)) prune::mask_slices(norm.weight, 0, {c});
    }
    // A group goes if no live channel of it is read, or only where the scale is masked; then one must be
    // left.
    int64_t expected = 0;
    for (int64_t g = 0; g < channels; g += per_group) {
      bool all_dead = true, is_read = false, touched = false;
      for (int64_t c = g; c < g + per_group; ++c) all_dead = all_dead && dead[c];
      for (int64_t c = g; c < g + per_group; ++c) {
        const bool scaled = !affine || !norm.weight.mask().defined() || norm.weight.mask()[c];
        touched = touched || dead[c] || unread[c] || !scaled;
        is_read = is_read || (!all_dead && !unread[c] && scaled);
      }
      expected += touched && !is_read ? 1 : 0;
    }
    expected = std::min(expected, channels / per_group - 1);
    const auto report = compact(net, draw.tensor({3, 2, 7, 7}));
    CHECK(report.channels == expected);
    CHECK(first.weight.size(0) == channels - expected * per_group);
    deleted += report.channels;
    folded += report.folded;
  }
  CHECK(deleted > 100);
  CHECK(folded > 20);
}
