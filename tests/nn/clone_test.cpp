// Copying a module shares its parameters, clone makes independent ones.
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/optim/sgd.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/moments.hpp"

using namespace tinynn;

namespace {

nn::Linear& linear_at(nn::Sequential& net, int64_t i) { return dynamic_cast<nn::Linear&>(net[i]); }

struct TiedWeights : nn::Module {
  nn::Linear first{4, 4}, second{4, 4, {.bias = false}};
  TiedWeights() { second.weight = first.weight; }
  void members(nn::Visitor& v) override {
    v("first", first);
    v("second", second);
  }
  Tensor forward(const Tensor& x) override { return second(first(x)); }
};

struct SharesByPointer : nn::Module {
  std::shared_ptr<nn::Linear> layer = std::make_shared<nn::Linear>(2, 2);
  void members(nn::Visitor& v) override { v("layer", *layer); }
  Tensor forward(const Tensor& x) override { return (*layer)(x); }
};

}  // namespace

TEST_CASE("nn. a copied module shares its parameters, until one is replaced") {
  nn::Sequential net{nn::Linear(2, 3), nn::ReLU()};
  nn::Sequential copy = net;
  CHECK(linear_at(copy, 0).weight.handle() == linear_at(net, 0).weight.handle());
  linear_at(net, 0).weight.assign(ones({3, 2}));
  CHECK(linear_at(copy, 0).weight.to_vector() == std::vector<float>(6, 1));
  linear_at(copy, 0) = nn::Linear(2, 3);
  CHECK(linear_at(net, 0).weight.to_vector() == std::vector<float>(6, 1));

  nn::Sequential assigned;
  assigned = net;
  CHECK(assigned.parameters()[0].handle() == net.parameters()[0].handle());
}

TEST_CASE("nn. modes belong to each copy, parameters to both") {
  nn::Sequential net{nn::Linear(2, 3), nn::ReLU()};
  nn::Sequential copy = net;
  copy.eval();
  CHECK(net.is_training());
  CHECK(net[0].is_training());
  CHECK(!copy[0].is_training());
}

TEST_CASE("nn. a clone has the same values and masks, and shares nothing") {
  test::Draw draw(100);
  nn::Sequential net{nn::Linear(4, 3), nn::ReLU(), nn::Linear(3, 2)};
  linear_at(net, 0).weight.prune(draw.mask({3, 4}));
  const optim::SGD sgd(net.parameters(), {.momentum = 0.9});
  const Tensor x = draw.tensor({5, 4});
  net(x).backward(ones({5, 2}));

  nn::Sequential twin = clone(net);
  const auto mine = net.parameters(), copies = twin.parameters();
  REQUIRE(copies.size() == mine.size());
  for (size_t i = 0; i < mine.size(); ++i) {
    CHECK(copies[i].handle() != mine[i].handle());
    CHECK(copies[i].data() != mine[i].data());
    CHECK(test::bit_difference(copies[i].values(), mine[i].values()) == "");
    CHECK(copies[i].mask() == mine[i].mask());
    CHECK(!copies[i].grad().defined());
    CHECK(test::moments_of(copies[i]).empty());
  }
  CHECK(test::bit_difference(twin(x).values(), net(x).values()) == "");

  linear_at(twin, 2).weight.assign(zeros({2, 3}));
  linear_at(twin, 0).weight.slice(0, {0});
  linear_at(twin, 0).bias.prune(Mask({3}, false));
  CHECK(count_nonzero(mine[2]) == 6);
  CHECK(mine[0].shape() == Shape{3, 4});
  CHECK(!mine[1].mask().defined());
  CHECK(mine[0].grad().defined());
}

TEST_CASE("nn. in a clone, tied parameters stay tied to each other") {
  TiedWeights net;
  TiedWeights twin = clone(net);
  CHECK(twin.first.weight.handle() == twin.second.weight.handle());
  CHECK(twin.first.weight.handle() != net.first.weight.handle());
  CHECK(!twin.second.bias.defined());
  CHECK(twin.parameters().size() == 2);
}

TEST_CASE("nn. a clone keeps mode and frozen parameters") {
  nn::Sequential net{nn::Linear(2, 2)};
  linear_at(net, 0).weight.set_requires_grad(false);
  net.eval();
  nn::Sequential twin = clone(net);
  CHECK(!twin[0].is_training());
  CHECK(!linear_at(twin, 0).weight.requires_grad());
  CHECK(linear_at(twin, 0).bias.requires_grad());
}

TEST_CASE("nn. a member that a copy would share cannot be cloned") {
  SharesByPointer net;
  CHECK_THROWS_WITH_AS(clone(net), "clone: a member is shared by pointer and cannot be copied", Error);
}
