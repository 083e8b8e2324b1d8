// BatchNorm1d and 2d: names, modes, running statistics over a training run, cloning; Dropout's modes beside.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/group_norm.hpp>
#include <tinynn/nn/layer_norm.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/norm.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"

using namespace tinynn;

namespace {

template <class T>
std::vector<std::string> names(const std::vector<std::pair<std::string, T>>& entries) {
  std::vector<std::string> result;
  for (const auto& entry : entries) result.push_back(entry.first);
  return result;
}

nn::BatchNorm2d& norm_at(nn::Sequential& net, int64_t i) { return dynamic_cast<nn::BatchNorm2d&>(net[i]); }

}  // namespace

TEST_CASE("nn. BatchNorm starts and is named as in PyTorch") {
  nn::Sequential net{nn::Conv2d(1, 3, 1), nn::BatchNorm2d(3)};
  CHECK(names(net.named_parameters()) ==
        std::vector<std::string>{"0.weight", "0.bias", "1.weight", "1.bias"});
  CHECK(names(net.named_buffers()) == std::vector<std::string>{"1.running_mean", "1.running_var"});
  CHECK(names(net.named_modules()) == std::vector<std::string>{"", "0", "1"});
  const auto& norm = norm_at(net, 1);
  CHECK(norm.weight.to_vector() == std::vector<float>{1, 1, 1});
  CHECK(norm.bias.to_vector() == std::vector<float>{0, 0, 0});
  CHECK(norm.running_mean.to_vector() == std::vector<float>{0, 0, 0});
  CHECK(norm.running_var.to_vector() == std::vector<float>{1, 1, 1});
  CHECK(norm.eps == 1e-5);
  CHECK(norm.momentum == 0.1);
  CHECK(nn::BatchNorm1d(3, {.affine = false}).parameters().empty());
  CHECK(nn::BatchNorm1d(3, {.track_running_stats = false}).named_buffers().empty());
}

TEST_CASE("nn. BatchNorm uses the batch in training and the running statistics in evaluation") {
  test::Draw draw(250);
  nn::BatchNorm2d norm(4, {.momentum = 0.3});
  Tensor mean = zeros({4}), variance = ones({4});
  for (int step = 0; step < 6; ++step) {
    const Tensor x = draw.tensor({3, 4, 5, 2});
    const Tensor expected =
        batch_norm(x, mean, variance, norm.weight, norm.bias, {.training = true, .momentum = 0.3});
    CHECK(test::bit_difference(norm(x).values(), expected.values()) == "");
    CHECK(test::bit_difference(norm.running_mean.values(), mean.values()) == "");
    CHECK(test::bit_difference(norm.running_var.values(), variance.values()) == "");
  }
  norm.eval();
  const Tensor x = draw.tensor({1, 4, 1, 1});  // one value a channel is enough now
  CHECK(test::bit_difference(norm(x).values(),
                             batch_norm(x, mean, variance, norm.weight, norm.bias).values()) == "");
  CHECK(test::bit_difference(norm.running_mean.values(), mean.values()) == "");
}

TEST_CASE("nn. training without gradients still moves the running statistics") {
  nn::BatchNorm1d norm(2);
  const NoGrad no_grad;
  norm(tensor({1, 2, 3, 4}, {2, 2}));
  CHECK(norm.running_mean.to_vector() == std::vector<float>{0.2F, 0.3F});
  CHECK(test::difference(norm.running_var.values(), std::vector<double>{1.1, 1.1}) == "");
}

TEST_CASE("nn. without running statistics BatchNorm uses the batch in evaluation, too") {
  test::Draw draw(251);
  nn::BatchNorm1d norm(3, {.track_running_stats = false});
  const Tensor x = draw.tensor({6, 3, 2}), training = norm(x);
  norm.eval();
  CHECK(test::bit_difference(norm(x).values(), training.values()) == "");
}

TEST_CASE("nn. a copy shares the running statistics, a clone has its own") {
  test::Draw draw(252);
  nn::Sequential net{nn::BatchNorm2d(2)};
  nn::Sequential copy = net, twin = clone(net);
  net(draw.tensor({4, 2, 3, 3}));
  CHECK(norm_at(copy, 0).running_mean.handle() == norm_at(net, 0).running_mean.handle());
  CHECK(norm_at(twin, 0).running_mean.to_vector() == std::vector<float>{0, 0});
  nn::Sequential later = clone(net);
  CHECK(norm_at(later, 0).running_var.to_vector() == norm_at(net, 0).running_var.to_vector());
}

TEST_CASE("nn. in a clone, a buffer listed twice is still one") {
  struct Twice : nn::Module {
    Tensor first = ones({2}), second = first;
    void members(nn::Visitor& v) override {
      v("first", first);
      v("second", second);
    }
    Tensor forward(const Tensor& x) override { return x; }
  } module;
  CHECK(names(module.named_buffers()) == std::vector<std::string>{"first"});
  const Twice twin = clone(module);
  CHECK(twin.first.handle() == twin.second.handle());
  CHECK(twin.first.data() != module.first.data());
}

TEST_CASE("nn. BatchNorm names what does not fit") {
  CHECK_THROWS_WITH_AS(nn::BatchNorm2d(3)(ones({2, 3})), "BatchNorm2d: input (2, 3) is not (n, c, h, w)",
                       Error);
  CHECK_THROWS_WITH_AS(nn::BatchNorm1d(3)(ones({2, 3, 4, 4})),
                       "BatchNorm1d: input (2, 3, 4, 4) is not (n, c) or (n, c, l)", Error);
  CHECK_THROWS_WITH_AS(nn::BatchNorm1d(3)(ones({4, 2})),
                       "batch_norm: running mean (3) does not fit input (4, 2): expected (2)", Error);
  CHECK_THROWS_WITH_AS(nn::BatchNorm1d(3)(ones({1, 3})),
                       "batch_norm: Expected more than 1 value per channel when training, got input (1, 3)",
                       Error);
}

TEST_CASE("nn. Dropout drops in training only") {
  manual_seed(5);
  nn::Dropout dropout;
  CHECK(dropout.p == 0.5);
  const Tensor x = ones({1000}), y = dropout(x);
  CHECK(count_nonzero(y) > 400);
  CHECK(count_nonzero(y) < 600);
  dropout.eval();
  CHECK(dropout(x).data() == x.data());
  CHECK_THROWS_WITH_AS(nn::Dropout(1.5), "Dropout: the probability 1.5 is not between 0 and 1", Error);
}

TEST_CASE("nn. LayerNorm and GroupNorm start and are named as in PyTorch") {
  nn::LayerNorm layers(Shape{2, 3}), no_bias(3, {.bias = false}), no_affine(3, {.elementwise_affine = false});
  nn::GroupNorm groups(2, 4), plain(2, 4, {.affine = false});
  for (nn::Module* both : {static_cast<nn::Module*>(&layers), static_cast<nn::Module*>(&groups)}) {
    CHECK(names(both->named_parameters()) == std::vector<std::string>{"weight", "bias"});
    CHECK(both->named_buffers().empty());
  }
  CHECK(names(no_bias.named_parameters()) == std::vector<std::string>{"weight"});
  CHECK(no_affine.named_parameters().empty());
  CHECK(plain.named_parameters().empty());
  CHECK(layers.weight.shape() == Shape{2, 3});
  CHECK(layers.weight.to_vector() == std::vector<float>(6, 1));
  CHECK(layers.bias.to_vector() == std::vector<float>(6, 0));
  CHECK(groups.weight.to_vector() == std::vector<float>(4, 1));
  CHECK(groups.bias.to_vector() == std::vector<float>(4, 0));
  CHECK(layers.eps == 1e-5);
  CHECK(groups.eps == 1e-5);
  const Tensor x = test::Draw(12).tensor({3, 2, 3});
  CHECK(test::bit_difference(layers(x).values(), layer_norm(x, 2).values()) == "");
  CHECK(test::bit_difference(no_bias(x).values(), layer_norm(x, 1).values()) == "");
}

TEST_CASE("nn. GroupNorm finds its groups after a cut") {
  test::Draw draw(13);
  nn::GroupNorm norm(3, 6);
  norm.weight.assign(draw.tensor({6}));
  norm.bias.assign(draw.tensor({6}));
  const Tensor x = draw.tensor({2, 6, 3});
  const Tensor before = index_select(norm(x), 1, {0, 1, 4, 5});
  for (Parameter* p : {&norm.weight, &norm.bias}) p->slice(0, {0, 1, 4, 5});
  CHECK(test::bit_difference(norm(index_select(x, 1, {0, 1, 4, 5})).values(), before.values()) == "");
}

TEST_CASE("nn. LayerNorm and GroupNorm name what does not fit") {
  CHECK_THROWS_WITH_AS(nn::LayerNorm(Shape{2, 3})(ones({4, 3})),
                       "LayerNorm: input (4, 3) does not end with (2, 3)", Error);
  CHECK_THROWS_WITH_AS(nn::LayerNorm(3, {.elementwise_affine = false})(ones({4, 5})),
                       "LayerNorm: input (4, 5) does not end with (3)", Error);
  CHECK_THROWS_WITH_AS(nn::LayerNorm(Shape{2, 3})(ones({3})), "LayerNorm: input (3) does not end with (2, 3)",
                       Error);
  CHECK_THROWS_WITH_AS(nn::LayerNorm(Shape{}),
                       "LayerNorm: the normalized shape has no dimension, expected one at least", Error);
  CHECK_THROWS_WITH_AS(nn::GroupNorm(3, 4), "GroupNorm: 3 groups do not divide 4 channels", Error);
  CHECK_THROWS_WITH_AS(nn::GroupNorm(0, 4), "GroupNorm: 0 groups do not divide 4 channels", Error);
  CHECK_THROWS_WITH_AS(nn::GroupNorm(2, 4)(ones({1, 3})),
                       "GroupNorm: input (1, 3) is not (n, c, ...) with groups of 2 channels", Error);
  CHECK_THROWS_WITH_AS(nn::GroupNorm(2, 4)(ones({1, 6})),
                       "group_norm: weight (4) does not fit input (1, 6): expected (6)", Error);
}
