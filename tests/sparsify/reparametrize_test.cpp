// A forward weight that differs from the trained one: layers read it, harden() ends it, and until then
// nothing can be changed or saved that would take the trained value for the effective one.
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/conv2d.hpp>
#include <tinynn/ops/linear.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/sparsify/reparametrize.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"

using namespace tinynn;

namespace {

// Computes with `factor` times the value; in training with twice as much.
Reparametrization times(const Tensor& factor) {
  return [factor](const Tensor& trained, bool training) { return trained * factor * (training ? 2.0 : 1.0); };
}

}  // namespace

TEST_CASE("autograd. layers compute with the effective weight, gradients reach the trained one") {
  test::Draw draw(210);
  nn::Linear linear_layer(4, 3);
  nn::Conv2d conv_layer(2, 3, 3);
  const auto compare = [&](auto& layer, const Tensor& x, auto call) {
    CHECK(layer.weight.effective(true).handle() == layer.weight.handle());
    const Tensor factor = draw.tensor(layer.weight.shape());
    layer.weight.reparametrize(times(factor));
    for (const bool training : {true, false}) {
      layer.train(training);
      const Tensor scale = factor * (training ? 2.0 : 1.0);
      const Parameter effective(layer.weight.detach() * scale);
      const Tensor y = layer(x), expected = call(x, effective, layer.bias);
      CHECK(test::difference(y.values(), expected.values()) == "");
      y.backward(ones(y.shape()));
      expected.backward(ones(y.shape()));
      CHECK(test::difference(layer.weight.grad().values(), (effective.grad() * scale).values()) == "");
      layer.weight.zero_grad();
    }
  };
  compare(linear_layer, draw.tensor({5, 4}), [](auto&&... x) { return linear(x...); });
  compare(conv_layer, draw.tensor({2, 2, 5, 5}), [](auto&&... x) { return conv2d(x...); });
}

TEST_CASE("autograd. a reparametrized parameter refuses what would cut, mask, save or copy it") {
  test::Draw draw(211);
  nn::Sequential net{nn::Linear(3, 2), nn::Linear(2, 2)};
  const auto file = io::to_file(net);
  Parameter weight = net.parameters()[2];
  const Mask mask = draw.mask({2, 2});
  weight.prune(mask);
  weight.reparametrize(times(full({2, 2}, 3)));
  std::vector<std::vector<float>> before;
  for (const auto& parameter : net.parameters()) before.push_back(parameter.to_vector());

  const std::vector<std::pair<std::string, std::function<void()>>> refused{
      {"clone", [&] { (void)clone(net); }},
      {"save", [&] { (void)io::to_file(net); }},
      {"load", [&] { io::load(net, file); }},
      {"set_mask", [&] { weight.set_mask(Mask()); }},
      {"prune", [&] { weight.prune(mask); }},
      {"slice", [&] { weight.slice(0, {1}); }},
      {"reparametrize",
       [&] {
         weight.reparametrize(times(ones({2, 2})));
       }},
  };
  for (const auto& [operation, call] : refused) {
    const std::string message =
        operation + ": a parameter of shape (2, 2) is reparametrized; harden it first";
    CHECK_THROWS_WITH_AS(call(), message.c_str(), Error);
    CHECK(weight.is_reparametrized());
    CHECK(weight.mask() == mask);
    for (size_t i = 0; i < before.size(); ++i) CHECK(net.parameters()[i].to_vector() == before[i]);
  }
  sparsify::harden(net);
  for (const auto& [operation, call] : refused) CHECK_NOTHROW(call());
}

TEST_CASE("sparsify. harden writes what evaluation computed with, and the zeros become the mask") {
  test::Draw draw(212);
  nn::Sequential net{nn::Linear(4, 5), nn::Linear(5, 3)};
  const auto weights = prune::weights(net);
  const Mask earlier = draw.mask({5, 4}, 0.7);
  Parameter first = weights[0];
  first.prune(earlier);
  Tensor factor = draw.tensor({5, 4});
  for (int64_t i = 0; i < 20; i += 3) factor.mutable_data()[i] = 0;
  first.reparametrize(times(factor));
  const Tensor x = draw.tensor({6, 4});
  net.eval();
  const Tensor y = net(x).detach();
  sparsify::harden(net);
  CHECK(test::bit_difference(net(x).values(), y.values()) == "");
  CHECK(!first.is_reparametrized());
  for (int64_t i = 0; i < 20; ++i) {
    CHECK(first.mask()[i] == (earlier[i] && i % 3 != 0));
    CHECK((first.data()[i] != 0) == first.mask()[i]);
  }
  CHECK(!weights[1].mask().defined());  // nothing hung on it
  first.reparametrize([](const Tensor& trained, bool) { return trained; });
  sparsify::harden(first);
  CHECK(test::bit_difference(net(x).values(), y.values()) == "");
}

TEST_CASE("sparsify. harden refuses a value of another shape and leaves the parameter as it was") {
  Parameter p(tensor({1, 2}));
  p.reparametrize([](const Tensor&, bool) { return zeros({3}); });
  CHECK_THROWS_WITH_AS(sparsify::harden(p), "assign: a value of shape (3) for a parameter of shape (2)",
                       Error);
  CHECK(p.is_reparametrized());
  CHECK(p.to_vector() == std::vector<float>{1, 2});
  p.reparametrize({});
  CHECK(!p.is_reparametrized());
}
