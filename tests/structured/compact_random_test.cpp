// Deletion on networks that nobody thought of: outputs stay, and training goes on as if nothing had been cut.
#include <cmath>
#include <map>
#include <memory>
#include <set>

#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/graph/channel_map.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/structured/compact.hpp>

#include "tests/support/random_network.hpp"
#include "tests/support/sanitized.hpp"

using namespace tinynn;

namespace {

// Kills some channels at random: all that makes them, or all that reads them. Returns how many.
int64_t mask_some_channels(nn::Module& net, const Tensor& images, test::Draw& draw) {
  const graph::ChannelMap map(graph::trace(net, images));
  std::map<int64_t, std::map<autograd::Link, std::vector<graph::Atom>>> ends;
  for (const auto& links : map.links()) {
    for (const auto& link : links) {
      if (link.kind == autograd::Link::produces || link.kind == autograd::Link::consumes)
        ends[map.class_of(link.to)][link.kind].push_back(link.from);
    }
  }
  int64_t count = 0;
  const double share = draw.fraction() * 0.8;
  for (auto& [of_class, by_kind] : ends) {
    if (!map.pinned(of_class).empty() || !draw.chance(share)) continue;
    const auto kind = draw.chance(0.8) ? autograd::Link::produces : autograd::Link::consumes;
    for (const graph::Atom& atom : by_kind[kind]) {
      Parameter weight = Parameter::of(map.graph().values[atom.value].tensor);
      if (!weight.defined()) continue;
      Mask mask(weight.shape());
      const int64_t inner = weight.shape().inner(atom.dim), size = weight.shape()[atom.dim];
      for (int64_t i = 0; i < weight.numel(); ++i) {
        if (i / inner % size == atom.index) mask.set(i, false);
      }
      weight.prune(mask);
    }
    ++count;
  }
  return count;
}

std::vector<float> losses(nn::Module& net, optim::Optimizer& optimizer, const Tensor& images,
                          const Labels& labels) {
  std::vector<float> result;
  for (int step = 0; step < 10; ++step) {
    optimizer.zero_grad();
    const Tensor loss = cross_entropy(net(images), labels);
    loss.backward();
    optimizer.step();
    result.push_back(static_cast<float>(loss.item()));
  }
  return result;
}

double largest_difference(std::span<const float> a, std::span<const float> b, bool relative) {
  double largest = 0, difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::fabs(static_cast<double>(a[i])));
    difference = std::max(difference, std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  }
  return relative && largest > 0 ? difference / largest : difference;
}

// Each living weight goes to the float next to it, up or down by chance.
void move_by_one_rounding(nn::Module& net, uint64_t seed) {
  test::Draw draw(seed);
  for (Parameter parameter : net.parameters()) {
    parameter.update([&](std::span<float> weights) {
      for (float& w : weights) {
        if (w != 0) w = std::nextafter(w, draw.coin() ? 2 * w : 0.0F);
      }
    });
  }
}

// A random network after ten steps, with the optimizer that took them; then some of its channels were masked.
// The same for the same seed.
using Kinds = test::RandomNetwork::Kinds;
struct Trained {
  Trained(uint64_t seed, bool with_adam, Kinds kinds)
      : draw(seed + 1'000'000), net((manual_seed(seed), seed), kinds) {
    images = draw.tensor({4, 2, test::RandomNetwork::size, test::RandomNetwork::size});
    if (with_adam) {
      optimizer = std::make_unique<optim::Adam>(net.parameters(), optim::AdamOptions{.lr = 1e-3});
    } else {
      optimizer =
          std::make_unique<optim::SGD>(net.parameters(), optim::SGDOptions{.lr = 0.01, .momentum = 0.9});
    }
    train();
    mask_some_channels(net, images, draw);
  }

  // The losses of ten steps.
  std::vector<float> train() {
    // Asked for all gradients, a masked network runs the dense kernels that a small one runs.
    const DenseGrad dense_kernels(net.parameters());
    return losses(net, *optimizer, images, Labels({0, 1, 2, 1}));
  }

  test::Draw draw;
  Tensor images;
  test::RandomNetwork net;
  std::unique_ptr<optim::Optimizer> optimizer;
};

struct Tally {
  int64_t networks = 0, with_deletions = 0, channels = 0, folded = 0, trained = 0;
};

void try_network(uint64_t seed, bool with_adam, Kinds kinds, Tally& tally) {
  CAPTURE(seed);
  CAPTURE(with_adam);
  Trained large(seed, with_adam, kinds), small(seed, with_adam, kinds);
  const Tensor& images = large.images;
  structured::complete_masks(large.net, images);
  const Tensor expected = graph::run(large.net, images)[0];
  const structured::Compacted report = structured::compact(small.net, images);
  const Tensor outputs = graph::run(small.net, images)[0];
  CHECK(largest_difference(expected.values(), outputs.values(), true) <= 1e-5);
  CHECK(report.output_difference <= 1e-5);
  CHECK((report.channels > 0) == (report.parameters < report.parameters_before));
  // On images that the deletion was not checked on.
  const Tensor others = large.draw.tensor({3, 2, test::RandomNetwork::size, test::RandomNetwork::size});
  CHECK(largest_difference(graph::run(large.net, others)[0].values(),
                           graph::run(small.net, others)[0].values(), true) <= 1e-5);

  ++tally.networks;
  tally.channels += report.channels;
  tally.with_deletions += report.channels > 0 ? 1 : 0;
  tally.folded += report.folded;
  if (report.folded > 0) return;
  ++tally.trained;
  const auto of_large = large.train();
  const double difference = largest_difference(of_large, small.train(), false);
  // Other sizes add in another order, and ten steps magnify that by what the network is like. How much, it
  // shows itself when its weights are rounded differently; the small one may part from it ten times as far.
  double rounding = 1e-6;
  for (uint64_t turn = 0; turn < 4 && difference > 10 * rounding; ++turn) {
    Trained moved(seed, with_adam, kinds);
    structured::complete_masks(moved.net, images);
    move_by_one_rounding(moved.net, turn);
    rounding = std::max(rounding, largest_difference(of_large, moved.train(), false));
  }
  CHECK(difference <= 10 * rounding);
}

void try_networks(uint64_t first, uint64_t count, Kinds kinds = Kinds::images) {
  Tally tally;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    for (const bool with_adam : {false, true}) try_network(seed, with_adam, kinds, tally);
  }
  MESSAGE(tally.networks, " trainings of networks, ", tally.with_deletions, " with deletions, ",
          tally.channels, " channels deleted, ", tally.folded, " folded, ", tally.trained, " trained on");
  // Else the test would show little.
  CHECK(tally.with_deletions * 2 > tally.networks);
  CHECK(tally.folded > 0);
}

}  // namespace

TEST_CASE("structured. deletion from 200 random networks leaves outputs and training alone") {
  try_networks(1, test::fewer(200));
}

TEST_CASE("structured. deletion from 100 random networks with sequences leaves outputs and training alone") {
  try_networks(1, test::fewer(100), Kinds::all);
}

TEST_CASE("structured. deletion from 1000 random networks, a slow test of its own" * doctest::skip()) {
  try_networks(1, 1000);
  try_networks(1, 1000, Kinds::all);
}
