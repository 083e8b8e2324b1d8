// Criteria against naive twins in double.
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/data/dataset.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/conv_transpose2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/matmul.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/prune/activation_criteria.hpp>
#include <tinynn/prune/gradient_criteria.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/structured/prune_channels.hpp>

#include "tests/support/compare.hpp"

using namespace tinynn;

namespace {

Tensor scores_of(const prune::Criterion& criterion, const Parameter& weight) {
  return criterion({weight})[0];
}

// A small network with data: 6 samples in batches of 2, of which one weight is dead.
struct Setting {
  nn::Sequential net{nn::Linear(4, 5), nn::ReLU(), nn::Linear(5, 3)};
  Tensor images = randn({6, 4});
  Labels labels{{0, 1, 2, 2, 1, 0}};
  data::DataLoader loader{std::make_shared<data::TensorDataset>(images, labels, 3), {.batch_size = 2}};
  std::vector<Parameter> weights = prune::weights(net);

  Setting() { prune::l1_unstructured(weights[0], prune::count(1)); }

  // The gradients of a batch, dead weights included.
  std::vector<std::vector<float>> gradients(int64_t batch) {
    nn::Sequential other{nn::Linear(4, 5), nn::ReLU(), nn::Linear(5, 3)};
    auto from = net.parameters(), to = other.parameters();
    for (size_t k = 0; k < from.size(); ++k) to[k].assign(from[k]);  // without masks
    Tensor x(Shape{2, 4});
    std::copy_n(images.data() + batch * 8, 8, x.mutable_data());
    cross_entropy(other(x), Labels({labels[2 * batch], labels[2 * batch + 1]})).backward();
    return {to[0].grad().to_vector(), to[2].grad().to_vector()};
  }
};

// The mean over the three batches of f(w, g).
template <class F>
std::vector<double> mean_over_batches(Setting& s, size_t weight, F f) {
  std::vector<double> mean(static_cast<size_t>(s.weights[weight].numel()));
  for (int64_t batch = 0; batch < 3; ++batch) {
    const auto g = s.gradients(batch)[weight];
    for (size_t i = 0; i < mean.size(); ++i) {
      mean[i] += f(static_cast<double>(s.weights[weight].values()[i]), static_cast<double>(g[i])) / 3;
    }
  }
  return mean;
}

}  // namespace

TEST_CASE("prune. ln ranks by the norm of any order") {
  const Parameter p(tensor({3, -4, 0, 5, 1, 1}, {3, 2}));
  const double infinity = std::numeric_limits<double>::infinity();
  const auto dies = [&](double n) {  // the row that goes first
    Parameter w(p.clone());
    prune::ln_structured(w, {.amount = prune::count(1), .n = n});
    for (int64_t row = 0; row < 3; ++row) {
      if (!w.mask()[2 * row]) return row;
    }
    return int64_t{-1};
  };
  CHECK(dies(0) == 1);          // 2, 1, 2 that are not zero
  CHECK(dies(1) == 2);          // 7, 5, 2
  CHECK(dies(2) == 2);          // 5, 5, 1.4
  CHECK(dies(infinity) == 2);   // 4, 5, 1
  CHECK(dies(-infinity) == 1);  // 3, 0, 1
  CHECK(dies(-1) == 1);         // 1.7, 0, 0.5
  CHECK_THROWS_AS(prune::ln(std::nan("")), Error);
}

TEST_CASE("prune. lamp is the share of what is not smaller") {
  const Parameter p(tensor({1, -3, 2, 0}, {2, 2}));
  CHECK(test::difference(scores_of(prune::lamp(), p).values(),
                         std::vector<double>{1.0 / 14, 1, 4.0 / 13, 0}) == "");
}

TEST_CASE("prune. fpgm takes the filter that the others can replace") {
  Parameter p(tensor({0, 0, 10, 10, 1, 1}, {3, 2}));
  const double r = std::sqrt(2.0);
  CHECK(test::difference(scores_of(prune::fpgm(), p).values(),
                         std::vector<double>{11 * r, 11 * r, 19 * r, 19 * r, 10 * r, 10 * r}) == "");
}

TEST_CASE("prune. random scores are new at each call and the same after manual_seed") {
  const Parameter p(randn({5, 5}));
  manual_seed(4);
  const auto first = scores_of(prune::random(), p).to_vector(),
             second = scores_of(prune::random(), p).to_vector();
  CHECK(first != second);
  manual_seed(4);
  CHECK(scores_of(prune::random(), p).to_vector() == first);
}

TEST_CASE("prune. gradient criteria are what their formulas say") {
  manual_seed(11);
  Setting s;
  const prune::GradientSource source{s.net, s.loader};
  for (size_t k = 0; k < 2; ++k) {
    const auto got = [&](const prune::Criterion& criterion) { return criterion(s.weights)[k].to_vector(); };
    const auto mean_abs = mean_over_batches(s, k, [](double, double g) { return std::abs(g); });
    CHECK(test::difference(got(prune::sensitivity(source)), mean_abs) == "");
    const auto mean = mean_over_batches(s, k, [](double, double g) { return g; });
    const auto squares = mean_over_batches(s, k, [](double w, double g) { return w * w / 2 * g * g; });
    const auto products = mean_over_batches(s, k, [](double w, double g) { return std::abs(w * g); });
    CHECK(test::difference(got(prune::hessian_diagonal(source)), squares) == "");
    CHECK(test::difference(got(prune::taylor(source)), products) == "");
    std::vector<double> snip, ratio;
    for (size_t i = 0; i < mean.size(); ++i) {
      const auto w = static_cast<double>(s.weights[k].values()[i]);
      snip.push_back(std::abs(w * mean[i]));
      ratio.push_back(w == 0 ? 0 : std::abs(w) / mean_abs[i]);
    }
    CHECK(test::difference(got(prune::snip(source)), snip) == "");
    CHECK(test::difference(got(prune::magnitude_over_sensitivity(source)), ratio, 1e-4) == "");
  }
}

TEST_CASE("prune. taylor lets the parts of a group cancel before it takes the size") {
  manual_seed(12);
  Setting s;
  const auto got = prune::taylor({s.net, s.loader}, prune::slice(0))(s.weights)[1];
  for (int64_t row = 0; row < 3; ++row) {
    double want = 0;
    for (int64_t batch = 0; batch < 3; ++batch) {
      const auto g = s.gradients(batch)[1];
      double sum = 0;
      for (int64_t i = row * 5; i < row * 5 + 5; ++i) {
        sum += static_cast<double>(s.weights[1].data()[i]) * static_cast<double>(g[i]);
      }
      want += std::abs(sum) / 3;
    }
    CHECK(static_cast<double>(got.data()[row * 5]) == doctest::Approx(want));
    CHECK(got.data()[row * 5] == got.data()[row * 5 + 4]);
  }
}

TEST_CASE("prune. gradient criteria leave the network as it was") {
  Setting s;
  nn::Sequential net{nn::Linear(4, 5), nn::BatchNorm1d(5), nn::ReLU(), nn::Linear(5, 3)};
  const auto weights = prune::weights(net);
  cross_entropy(net(s.images), s.labels).backward();
  const auto grad = weights[0].grad().to_vector(), value = weights[0].to_vector();
  const auto running = net.named_buffers()[0].second.to_vector();
  prune::taylor({net, s.loader})(weights);
  CHECK(weights[0].grad().to_vector() == grad);
  CHECK(weights[0].to_vector() == value);
  CHECK(net.named_buffers()[0].second.to_vector() == running);
  CHECK(net.is_training());
}

TEST_CASE("prune. a criterion that gets no gradient says so, and nothing changes") {
  Setting s;
  nn::Linear stranger(4, 4);
  const auto before = s.weights[0].to_vector();
  CHECK_THROWS_WITH_AS(
      prune::prune({s.weights[0], stranger.weight}, prune::fraction(0.5),
                   {.criterion = prune::sensitivity({s.net, s.loader})}),
      "prune: the loss does not depend on a weight of shape (4, 4), so the criterion has no score for it; "
      "leave it out",
      Error);
  CHECK_THROWS_WITH_AS(prune::sensitivity({.module = s.net, .loader = s.loader, .batches = 0})(s.weights),
                       "prune: no batch to compute gradients from", Error);
  CHECK(s.weights[0].to_vector() == before);
  CHECK(!stranger.weight.mask().defined());
}

TEST_CASE("prune. a layer that the loss does not depend on is named") {
  struct TwoHeads : nn::Module {
    nn::Linear body{4, 5}, head{5, 3}, unused{5, 2};
    void members(nn::Visitor& v) override { v("body", body), v("head", head), v("unused", unused); }
    Tensor forward(const Tensor& x) override { return head(body(x)); }
  };
  Setting s;
  TwoHeads net;
  CHECK_THROWS_WITH_AS(
      prune::snip({net, s.loader})(prune::weights(net)),
      "prune: the loss does not depend on unused.weight of shape (2, 5), so the criterion has "
      "no score for it; leave it out",
      Error);
  CHECK(prune::snip({net, s.loader})({net.body.weight, net.head.weight}).size() == 2);
}

TEST_CASE("prune. movement adds up -w g over the steps it sees") {
  Setting s;
  prune::Movement movement(s.weights);
  CHECK_THROWS_WITH_AS(movement.criterion()(s.weights), "movement: no training step was observed", Error);
  CHECK_THROWS_AS(movement.observe(), Error);
  std::vector<double> want(static_cast<size_t>(s.weights[1].numel()));
  for (int step = 0; step < 2; ++step) {
    cross_entropy(s.net(s.images), s.labels).backward();
    movement.observe();
    for (size_t i = 0; i < want.size(); ++i) {
      want[i] -= static_cast<double>(s.weights[1].values()[i]) *
                 static_cast<double>(s.weights[1].grad().values()[i]);
    }
  }
  CHECK(test::difference(movement.criterion()(s.weights)[1].values(), want) == "");
  nn::Linear stranger(2, 2);
  CHECK_THROWS_AS(movement.criterion()({stranger.weight}), Error);
}

TEST_CASE("prune. activations are taken after the normalisation and activation that follow") {
  nn::Sequential net{nn::Conv2d(1, 2, 1, {.bias = false}), nn::BatchNorm2d(2), nn::ReLU(), nn::Flatten(),
                     nn::Linear(8, 3)};
  net.eval();
  auto weights = prune::weights(net);
  weights[0].assign(tensor({1, -1}, {2, 1, 1, 1}));
  const Tensor images = tensor({1, 2, 3, -2, 4, 0, 0, 2}, {2, 1, 2, 2});
  data::DataLoader loader(std::make_shared<data::TensorDataset>(images, Labels({0, 1}), 3),
                          {.batch_size = 1});
  const auto active = prune::apoz({net, loader})({weights[0]})[0];
  CHECK(active.to_vector() == std::vector<float>{5.0F / 8, 1.0F / 8});  // 1 2 3 4 2 of 8; the 2 of -(-2)
  const auto mean = prune::mean_activation({net, loader})({weights[0]})[0];
  CHECK(test::difference(mean.values(), std::vector<double>{12.0 / 8, 2.0 / 8}) == "");
  CHECK_THROWS_AS(prune::apoz({.module = net, .loader = loader, .batches = 0})(weights), Error);
  nn::Linear stranger(2, 2);
  CHECK_THROWS_AS(prune::apoz({net, loader})({stranger.weight}), Error);
}

TEST_CASE("prune. activations are those of evaluation, and leave a network in training as it was") {
  nn::Sequential net{nn::Conv2d(1, 2, 1), nn::BatchNorm2d(2), nn::ReLU(), nn::Flatten(), nn::Linear(8, 3)};
  const auto weights = prune::weights(net);
  data::DataLoader loader(std::make_shared<data::TensorDataset>(randn({4, 1, 2, 2}), Labels({0, 1, 2, 0}), 3),
                          {.batch_size = 2});
  const auto before = net.named_buffers()[0].second.clone();
  const auto in_training = prune::mean_activation({net, loader})({weights[0]})[0];
  CHECK(net.named_buffers()[0].second.to_vector() == before.to_vector());
  CHECK(net.is_training());
  net.eval();
  CHECK(prune::mean_activation({net, loader})({weights[0]})[0].to_vector() == in_training.to_vector());
}

TEST_CASE("prune. bn_scale is the scale of the normalisation that follows") {
  nn::Sequential net{nn::Conv2d(1, 2, 3), nn::BatchNorm2d(2), nn::ReLU(), nn::Conv2d(2, 2, 1)};
  net.parameters()[2].assign(tensor({0.5F, -2}, {2}));
  const auto weights = prune::weights(net);
  const Tensor x = randn({1, 1, 4, 4});
  const auto scores = scores_of(prune::bn_scale(net, x), weights[0]);
  CHECK(scores.values()[0] == 0.5F);
  CHECK(scores.values()[17] == 2);
  CHECK_THROWS_WITH_AS(prune::bn_scale(net, x)(weights),
                       "bn_scale: no BatchNorm with a scale follows a weight of shape (2, 2, 1, 1)", Error);
}

TEST_CASE(
    "prune. outputs of a transposed convolution and of a product lie along the weight's second dimension") {
  struct Net : nn::Module {
    nn::ConvTranspose2d up{4, 4, 2};
    nn::BatchNorm2d norm{4};
    Parameter matrix{randn({4, 4})};
    void members(nn::Visitor& v) override {
      v("up", up);
      v("norm", norm);
      v("matrix", matrix);
    }
    Tensor forward(const Tensor& x) override { return matmul(mean(norm(up(x)), {2, 3}), matrix); }
  };
  manual_seed(2);
  Net net;
  const Tensor x = randn({3, 4, 3, 3});
  const std::vector<float> sizes{1, 20, 3, 0.5F};
  net.norm.weight.assign(tensor({1, 20, 3, 0.5F}, {4}));
  Tensor columns = net.matrix.detach().clone();
  for (int64_t i = 0; i < 16; ++i) columns.mutable_data()[i] = i % 4 == 2 ? 0 : columns.data()[i];
  net.matrix.assign(columns);
  data::DataLoader loader(std::make_shared<data::TensorDataset>(x, Labels({0, 1, 2}), 4), {.batch_size = 3});
  const Tensor of_scale = prune::bn_scale(net, x)({net.up.weight})[0];
  const auto means = prune::mean_activation({net, loader})({net.up.weight, net.matrix});
  for (int64_t i = 0; i < of_scale.numel(); ++i) {
    CHECK(of_scale.data()[i] == sizes[static_cast<size_t>(i / 4 % 4)]);
    CHECK(means[0].data()[i] == means[0].data()[i % 16]);  // the same for every input
  }
  CHECK(means[0].data()[4] > means[0].data()[12]);  // of the largest scale and of the smallest
  for (int64_t i = 0; i < 16; ++i) CHECK((means[1].data()[i] == 0) == (i % 4 == 2));
}

TEST_CASE("prune. bn_scale of what no normalisation follows is that of the channels it is tied to") {
  struct Residual : nn::Module {
    nn::Conv2d stem{1, 2, 3, {.padding = 1}}, branch{2, 2, 3, {.padding = 1}}, other{2, 2, 1}, last{2, 3, 1};
    nn::BatchNorm2d first{2}, second{2};
    void members(nn::Visitor& v) override {
      v("stem", stem), v("branch", branch), v("other", other), v("last", last), v("first", first);
      v("second", second);
    }
    Tensor forward(const Tensor& x) override {
      const Tensor h = stem(x);
      return last(relu(h + first(branch(h)) + second(other(h))));
    }
  };
  Residual net;
  net.first.weight.assign(tensor({0.5F, -2}));
  net.second.weight.assign(tensor({1.5F, 0}));
  const auto scores = prune::bn_scale(net, randn({1, 1, 4, 4}))({net.stem.weight, net.branch.weight});
  CHECK(scores[0].values()[0] == 1);  // the mean of 0.5 and 1.5
  CHECK(scores[0].values()[9] == 1);  // of 2 and 0
  CHECK(scores[1].values()[0] == 0.5F);
  CHECK(scores[1].values()[18] == 2);
  CHECK_THROWS_AS(prune::bn_scale(net, randn({1, 1, 4, 4}))({net.last.weight}), Error);
  // So that channels of such a network can be ranked: a channel's makers are all three.
  net.second.weight.assign(tensor({1.5F, 0.1F}));
  structured::prune_channels(
      net, randn({1, 1, 4, 4}),
      {.amount = prune::count(1), .criterion = prune::bn_scale(net, randn({1, 1, 4, 4}))});
  CHECK(!net.stem.weight.mask()[0]);
  CHECK(net.stem.weight.mask()[9]);
}
