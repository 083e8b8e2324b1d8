#include <bit>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/prune/rewind.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/moments.hpp"

using namespace tinynn;

namespace {

nn::Sequential make_net(int64_t hidden = 7) {
  return nn::Sequential{nn::Linear(5, hidden), nn::BatchNorm1d(hidden), nn::ReLU(), nn::Linear(hidden, 3)};
}

void train_by(nn::Module& net, optim::Optimizer& optimizer, uint64_t seed) {
  test::Draw draw(seed);
  for (int step = 0; step < 5; ++step) {
    optimizer.zero_grad();
    cross_entropy(net(draw.tensor({6, 5})), Labels({0, 1, 2, 0, 1, 2})).backward();
    optimizer.step();
  }
}

}  // namespace

TEST_CASE("prune. rewind brings back early values under the present masks") {
  nn::Sequential net = make_net();
  optim::Adam adam(net.parameters());
  Parameter weight = net.parameters()[0], norm = net.parameters()[2];
  prune::l1_unstructured(weight, prune::fraction(0.2));
  train_by(net, adam, 1);
  const Snapshot early = snapshot(net);
  const auto buffers = net.named_buffers();
  const auto early_mean = buffers[0].second.to_vector();

  train_by(net, adam, 2);
  prune::l1_unstructured(weight, prune::fraction(0.5));
  const Mask mask = weight.mask();
  for (int again = 0; again < 2; ++again) {
    prune::rewind(net, early);
    CHECK(weight.mask() == mask);
    CHECK(mask.count_alive() == 14);
    for (int64_t i = 0; i < weight.numel(); ++i) {
      const float expected = mask[i] ? early.parameters[0].value.data()[i] : 0.0F;
      CHECK(std::bit_cast<uint32_t>(weight.data()[i]) == std::bit_cast<uint32_t>(expected));
    }
    CHECK(test::bit_difference(norm.values(), early.parameters[2].value.values()) == "");
    CHECK(buffers[0].second.to_vector() == early_mean);
    for (const Parameter& parameter : net.parameters()) {
      CHECK(!parameter.grad().defined());
      for (const Tensor& moment : test::moments_of(parameter)) CHECK(count_nonzero(moment) == 0);
    }
    train_by(net, adam, 3);  // the dead stay dead
    for (int64_t i = 0; i < weight.numel(); ++i) CHECK((mask[i] || weight.data()[i] == 0));
    CHECK(buffers[0].second.to_vector() != early_mean);
  }
}

TEST_CASE("prune. weights that were dead in the snapshot and live now start at zero") {
  nn::Sequential net = make_net();
  Parameter weight = net.parameters()[0];
  prune::l1_unstructured(weight, prune::count(30));
  const Snapshot early = snapshot(net);
  weight.set_mask(Mask());
  weight.assign(ones({7, 5}));
  prune::rewind(net, early);
  CHECK(!weight.mask().defined());
  CHECK(weight.to_vector() == early.parameters[0].value.to_vector());
}

TEST_CASE("prune. fresh weights in a ticket's mask: rewind to another network of the same shapes") {
  nn::Sequential net = make_net(), fresh = make_net();
  prune::prune(prune::weights(net), prune::fraction(0.5));
  const Mask mask = net.parameters()[0].mask();
  prune::rewind(net, snapshot(fresh));
  CHECK(net.parameters()[0].mask() == mask);
  CHECK(net.parameters()[1].to_vector() == fresh.parameters()[1].to_vector());
}

TEST_CASE("prune. rewind to other shapes is an error that changes nothing") {
  nn::Sequential net = make_net(), wider = make_net(8), shorter{nn::Linear(5, 7)};
  const Snapshot early = snapshot(net);
  for (Parameter& parameter : net.parameters()) parameter.assign(ones(parameter.shape()));
  CHECK_THROWS_WITH_AS(prune::rewind(net, snapshot(wider)),
                       "rewind: parameter 0 has shape (7, 5), in the snapshot (8, 5)", Error);
  CHECK_THROWS_WITH_AS(prune::rewind(net, snapshot(shorter)),
                       "rewind: the module has 6 parameters, the snapshot 2", Error);
  net.parameters()[5].slice(0, {0, 1});
  CHECK_THROWS_WITH_AS(prune::rewind(net, early), "rewind: parameter 5 has shape (2), in the snapshot (3)",
                       Error);
  CHECK(net.parameters()[0].to_vector() == std::vector<float>(35, 1));
}
