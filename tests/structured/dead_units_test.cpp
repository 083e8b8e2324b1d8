#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/models/resnet.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/sparsify/splice.hpp>
#include <tinynn/structured/dead_units.hpp>

#include "tests/support/draw.hpp"
#include "tests/support/error_of.hpp"

using namespace tinynn;

namespace {

void keep(Parameter weight, const std::vector<float>& mask) {
  weight.set_mask(Mask(tensor(mask, weight.shape())));
}

int64_t alive(const Parameter& weight) { return weight.mask_or_all().count_alive(); }

}  // namespace

TEST_CASE("structured. units without live input or output lose their weights, and those that die of it") {
  nn::Linear a(2, 3), b(3, 3), c(3, 2);
  nn::Sequential net{a, nn::ReLU(), b, nn::ReLU(), c};
  for (Parameter weight : prune::weights(net))
    weight.update([](std::span<float> w) { std::ranges::fill(w, 1); });
  // Unit 0 of the first layer has no input; unit 2 of the second loses its only one with it, and unit 1 of
  // the second has no output, so that unit 1 of the first has none left.
  keep(a.weight, {0, 0, 1, 1, 0, 1});
  keep(b.weight, {0, 0, 1, 0, 1, 0, 1, 0, 0});
  keep(c.weight, {1, 0, 1, 0, 0, 1});
  const Tensor example = test::Draw(1).tensor({2, 2});
  CHECK(structured::prune_dead_units(net, example, prune::weights(net)) == 6);
  CHECK(a.weight.to_vector() == std::vector<float>{0, 0, 0, 0, 0, 1});
  CHECK(b.weight.to_vector() == std::vector<float>{0, 0, 1, 0, 0, 0, 0, 0, 0});
  CHECK(c.weight.to_vector() == std::vector<float>{1, 0, 0, 0, 0, 0});
  CHECK_FALSE(a.bias.mask().defined());
  CHECK(structured::prune_dead_units(net, example, prune::weights(net)) == 0);

  // Of what must not be pruned nothing is, and it counts as alive.
  keep(a.weight, {0, 0, 1, 1, 0, 1});
  keep(b.weight, {1, 1, 1, 1, 1, 1, 1, 1, 1});
  CHECK(structured::prune_dead_units(net, example, {a.weight}) == 0);
  CHECK(structured::prune_dead_units(net, example, {a.weight, b.weight}) == 3);
  CHECK(b.weight.mask()[0] == false);

  CHECK(test::error_of([&] {
          structured::prune_dead_units(net, example, {a.weight, a.weight});
        }).find("listed twice") != std::string::npos);
  sparsify::Splice splice({b.weight});
  CHECK(test::error_of([&] {
          structured::prune_dead_units(net, example, prune::weights(net));
        }).find("reparametrized") != std::string::npos);
}

TEST_CASE("structured. dead filters are followed through pooling and flattening") {
  nn::Conv2d conv1(1, 3, 3), conv2(3, 4, 3);
  nn::Linear fc(4 * 2 * 2, 5);
  nn::Sequential net{conv1, nn::ReLU(), conv2, nn::MaxPool2d(2), nn::Flatten(), fc};
  const Tensor example = test::Draw(1).tensor({2, 1, 8, 8});
  const auto weights = prune::weights(net);
  prune::mask_slices(conv1.weight, 0, {1});          // no input: 4 x 9 weights of conv2 read nothing
  prune::mask_slices(fc.weight, 1, {8, 9, 10, 11});  // nobody reads filter 2 of conv2
  CHECK(structured::prune_dead_units(net, example, weights) == 4 * 9 + 2 * 9);
  CHECK(alive(conv1.weight) == 18);
  CHECK(alive(conv2.weight) == 3 * 2 * 9);
  // The last filters of conv2 that read filter 0 of conv1 go: it has no output left.
  prune::mask_slices(conv2.weight, 1, {0});
  CHECK(structured::prune_dead_units(net, example, weights) == 9);
  CHECK(alive(conv1.weight) == 9);
}

TEST_CASE("structured. a channel of a residual sum lives as long as one branch makes it") {
  manual_seed(1);
  models::ResNet20 net;
  const Tensor example = test::Draw(1).tensor({2, 3, 32, 32});
  const auto weights = prune::weights(net);
  Parameter stem = weights[0];
  prune::mask_slices(stem, 0, {3});
  CHECK(structured::prune_dead_units(net, example, weights) == 0);
  // Half of all at random: whatever it takes away, nothing is left that it would take.
  prune::bernoulli(weights, 0.97);
  CHECK(structured::prune_dead_units(net, example, weights) > 0);
  CHECK(structured::prune_dead_units(net, example, weights) == 0);
}

// Random networks of three layers, against loops over units.
TEST_CASE("structured. dead units of random networks are those that a search finds") {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    test::Draw draw(seed);
    nn::Linear a(6, 7), b(7, 5), c(5, 4);
    nn::Sequential net{a, nn::ReLU(), b, nn::ReLU(), c};
    manual_seed(seed);
    prune::bernoulli(prune::weights(net), 0.8);
    std::vector<Mask> masks;
    for (const auto& weight : prune::weights(net)) masks.push_back(weight.mask_or_all());
    const auto at = [&](size_t layer, int64_t to, int64_t from) {
      return to * masks[layer].shape()[1] + from;
    };
    for (int round = 0; round < 10; ++round) {
      for (size_t layer = 0; layer < 2; ++layer) {
        for (int64_t unit = 0; unit < masks[layer].shape()[0]; ++unit) {
          bool in = false, out = false;
          for (int64_t i = 0; i < masks[layer].shape()[1]; ++i) in = in || masks[layer][at(layer, unit, i)];
          for (int64_t o = 0; o < masks[layer + 1].shape()[0]; ++o)
            out = out || masks[layer + 1][at(layer + 1, o, unit)];
          for (int64_t i = 0; !out && i < masks[layer].shape()[1]; ++i)
            masks[layer].set(at(layer, unit, i), false);
          for (int64_t o = 0; !in && o < masks[layer + 1].shape()[0]; ++o)
            masks[layer + 1].set(at(layer + 1, o, unit), false);
        }
      }
    }
    structured::prune_dead_units(net, test::Draw(1).tensor({2, 6}), prune::weights(net));
    const auto weights = prune::weights(net);
    for (size_t k = 0; k < 3; ++k) CHECK(weights[k].mask_or_all() == masks[k]);
  }
}
