// A parameter that is written, pruned or cut between forward and backward is a named error, never a bad read.
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/linear.hpp>
#include <tinynn/ops/norm.hpp>
#include <tinynn/optim/sgd.hpp>

#include "tests/support/draw.hpp"

using namespace tinynn;

TEST_CASE("autograd. a parameter changed between forward and backward is a named error") {
  test::Draw draw(31);
  const std::vector<std::pair<std::string, std::function<void(Parameter&)>>> changes{
      {"(2, 3)", [](Parameter& p) { p.update([](std::span<float>) {}); }},
      {"(2, 3)",
       [](Parameter& p) {
         p.assign(ones({2, 3}));
       }},
      {"(2, 3)",
       [](Parameter& p) {
         p.prune(Mask({2, 3}, false));
       }},
      {"(2, 3)", [](Parameter& p) { p.set_mask(Mask()); }},
      {"(1, 3)", [](Parameter& p) { p.slice(0, {1}); }},
      {"(2, 2)",
       [](Parameter& p) {
         p.slice(1, {0, 2});
       }},
  };
  for (const auto& [shape, change] : changes) {
    Parameter weight(draw.tensor({2, 3}));
    const Tensor y = relu(linear(draw.tensor({4, 3}), weight));
    change(weight);
    const std::string message = "backward: a parameter of linear, now of shape " + shape +
                                ", was written, pruned or cut since the forward pass; run forward again";
    CHECK_THROWS_WITH_AS(y.backward(ones({4, 2})), message.c_str(), Error);
    CHECK(!weight.grad().defined());

    // Run forward again, and all is well.
    linear(draw.tensor({4, weight.size(1)}), weight).backward(ones({4, weight.size(0)}));
    CHECK(weight.grad().shape() == weight.shape());
  }
}

TEST_CASE("autograd. a parameter behind one that is not there is looked at, too") {
  test::Draw draw(34);
  Parameter bias(draw.tensor({3}));
  const Tensor y = batch_norm(draw.tensor({4, 3}), Tensor(), Tensor(), Tensor(), bias, {.training = true});
  bias.assign(ones({3}));
  CHECK_THROWS_AS(y.backward(ones({4, 3})), Error);
}

TEST_CASE("autograd. a parameter changed before forward or after backward is no error") {
  test::Draw draw(32);
  Parameter weight(draw.tensor({2, 3}));
  const Tensor x = draw.tensor({1, 3});
  weight.assign(ones({2, 3}));
  const Tensor y = linear(x, weight);
  y.backward(ones({1, 2}));
  weight.slice(0, {0});
  CHECK(y.shape() == Shape{1, 2});
}

TEST_CASE("autograd. versions grow with the value, mask versions with the mask") {
  Parameter p(ones({2}));
  auto version = p.version(), mask_version = p.mask_version();
  auto grew = [&](bool value, bool mask) {
    const bool as_expected = (p.version() > version) == value && (p.mask_version() > mask_version) == mask;
    version = p.version();
    mask_version = p.mask_version();
    return as_expected;
  };
  CHECK(version > 0);
  p.update([](std::span<float> value) { value[0] = 2; });
  CHECK(grew(true, false));
  p.prune(Mask({2}, false));
  CHECK(grew(true, true));
  p.set_mask(Mask());
  CHECK(grew(true, true));
  p.slice(0, {1});
  CHECK(grew(true, true));
  p.zero_grad();
  CHECK(p.clone().shape() == Shape{1});
  CHECK(grew(false, false));
}

TEST_CASE(
    "autograd. a step of an optimizer on a sparse weight between forward and backward is an error, too") {
  test::Draw draw(33);
  Parameter weight(draw.tensor({20, 30}));
  weight.prune(draw.mask(weight.shape(), 0.05));
  REQUIRE(weight.sparse_pattern(kernels::sparse_linear_density_for(64)) !=
          nullptr);  // what is dead is not visited
  optim::SGD sgd({weight}, {.lr = 0.1});
  const Tensor x = draw.tensor({64, 30});
  linear(x, weight).backward(ones({64, 20}));
  const Tensor y = linear(x, weight);
  const auto before = weight.version();
  sgd.step();
  CHECK(weight.version() > before);
  CHECK_THROWS_AS(y.backward(ones({64, 20})), Error);
}
