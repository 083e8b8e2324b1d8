// Programs ported from PyTorch word by word; the numbers are those that PyTorch 1.13 gives for them.
#include <cmath>

#include <doctest/doctest.h>

#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/structured/compact.hpp>
#include <tinynn/train/evaluate.hpp>
#include <tinynn/train/run.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/error_of.hpp"

using namespace tinynn;

namespace {

// scale * torch.sin(torch.arange(n) * step)
Tensor wave(const Shape& shape, double step, double scale) {
  Tensor result(shape);
  for (int64_t i = 0; i < shape.numel(); ++i)
    result.mutable_data()[i] = static_cast<float>(scale * std::sin(static_cast<double>(i) * step));
  return result;
}

void fill(nn::Module& module) {
  double step = 0.37;
  for (Parameter& p : module.parameters()) {
    p.assign(wave(p.shape(), step, 0.3));
    step += 0.1;
  }
}

// def forward(self, x): x = F.relu(self.conv(x)); x = x.view(-1, 32); return self.fc(x)
struct WithView : nn::Module {
  nn::Conv2d conv{1, 2, 3};
  nn::Linear fc{32, 3};
  void members(nn::Visitor& v) override { v("conv", conv), v("fc", fc); }
  Tensor forward(const Tensor& x) override { return fc(relu(conv(x)).view({-1, 32})); }
};

// def forward(self, a, b): return self.head(torch.cat([F.relu(self.left(a)), F.relu(self.right(b))], 1))
struct TwoInputs : nn::Module {
  nn::Linear left{4, 6}, right{3, 6}, head{12, 2};
  void members(nn::Visitor& v) override { v("left", left), v("right", right), v("head", head); }
  std::vector<Tensor> forward_all(const std::vector<Tensor>& x) override {
    check(x.size() == 2, "two-inputs: ", x.size(), " inputs, expected 2");
    return {head(concat({relu(left(x[0])), relu(right(x[1]))}, 1))};
  }
};

}  // namespace

TEST_CASE("train. a view in the middle of a network passes gradients on, as in PyTorch") {
  WithView net;
  fill(net);
  const Tensor x = wave({6, 1, 6, 6}, 0.53, 1);
  const Labels y({0, 1, 2, 0, 1, 2});
  optim::SGD sgd(net.parameters(), {.lr = 0.1, .momentum = 0.9});
  std::vector<double> losses;
  for (int i = 0; i < 20; ++i) {
    net.zero_grad();
    const Tensor loss = cross_entropy(net(x), y);
    loss.backward();
    sgd.step();
    losses.push_back(loss.item());
  }
  CHECK(losses[0] == doctest::Approx(1.1238821744918823).epsilon(1e-6));
  CHECK(losses[1] == doctest::Approx(1.1152880191802979).epsilon(1e-6));
  CHECK(losses[19] == doctest::Approx(0.9852364659309387).epsilon(1e-5));
  CHECK(test::difference(net.conv.weight.values().first(3),
                         std::vector<double>{0.14300177991390228, 0.29646989703178406, 0.38367462158203125},
                         1e-5) == "");
}

TEST_CASE("train. an auto-encoder learns through loader, fit and evaluate, as in PyTorch") {
  nn::Sequential net{nn::Linear(8, 3), nn::Tanh(), nn::Linear(3, 8)};
  fill(net);
  const Tensor x = wave({12, 8}, 0.71, 1);
  const auto mse = [](const Tensor& output, const Tensor& target) { return mse_loss(output, target); };
  optim::SGD sgd(net.parameters(), {.lr = 0.1, .momentum = 0.9});
  const auto labelled = std::make_shared<data::TensorDataset>(x, Labels(std::vector<int64_t>(12)));
  data::DataLoader own(data::with_inputs_as_targets(labelled), {.batch_size = 4}),
      pairs(std::make_shared<data::TensorDataset>(x, x), {.batch_size = 4});
  std::vector<double> losses;
  for (int epoch = 0; epoch < 30; ++epoch) {
    train::fit(net, sgd, epoch % 2 == 0 ? own : pairs, {.loss = mse});
    losses.push_back(train::evaluate(net, own, mse).loss);
  }
  CHECK(losses[0] == doctest::Approx(0.4714837272961934).epsilon(1e-5));
  CHECK(losses[1] == doctest::Approx(0.3902151981989543).epsilon(1e-5));
  CHECK(std::abs(losses[29] / 0.0010862156244305272 - 1) < 1e-3);
  CHECK(std::isnan(train::evaluate(net, own, mse).accuracy));
  CHECK(test::error_of([&] { train::fit(net, sgd, own); }) ==
        "targets: they are a tensor of shape (4, 8), expected labels");
  data::DataLoader classes(labelled, {.batch_size = 4});
  CHECK(test::error_of([&] { train::fit(net, sgd, classes, {.loss = mse}); }) ==
        "targets: they are 4 labels, expected a tensor");
}

TEST_CASE("train. a network of two inputs trains as in PyTorch, and loses channels") {
  TwoInputs net;
  fill(net);
  const Tensor a = wave({8, 4}, 0.53, 1), b = wave({8, 3}, 0.91, 1);
  const Labels y({0, 1, 0, 1, 0, 1, 0, 1});
  optim::Adam adam(net.parameters(), {.lr = 0.01});
  std::vector<double> losses;
  for (int i = 0; i < 25; ++i) {
    adam.zero_grad();
    const Tensor loss = cross_entropy(net({a, b})[0], y);
    loss.backward();
    adam.step();
    losses.push_back(loss.item());
  }
  CHECK(losses[0] == doctest::Approx(0.6998988389968872).epsilon(1e-6));
  CHECK(losses[1] == doctest::Approx(0.6731242537498474).epsilon(1e-5));
  CHECK(losses[24] == doctest::Approx(0.27518323063850403).epsilon(1e-4));

  prune::mask_slices(net.left.weight, 0, {1, 4});
  prune::mask_slices(net.left.bias, 0, {1, 4});
  const Tensor before = net({a, b})[0];
  const auto deleted = structured::compact(net, graph::Example({a, b}));
  CHECK(deleted.channels == 2);
  CHECK(net.head.weight.shape() == Shape{2, 10});
  CHECK(test::difference(net({a, b})[0].values(), before.values(), 1e-6) == "");
  CHECK(test::error_of([&] { net(a); }) ==
        "module: it has no forward for a single tensor; call it with a list, net({a, b})");
  CHECK(test::error_of([&] { net(std::vector{a}); }) == "two-inputs: 1 inputs, expected 2");
}
