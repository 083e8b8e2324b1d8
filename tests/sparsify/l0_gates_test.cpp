// Hard-concrete gates against the paper's formulas in double precision, their distribution against its closed
// form, and what is left of them after harden().
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/autograd/gradcheck.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/ops/matmul.hpp>
#include <tinynn/ops/shape.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/sparsify/l0_gates.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"

using namespace tinynn;

namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

double stretched(double s, const sparsify::L0Options& o) {
  return std::min(std::max(s * (o.zeta - o.gamma) + o.gamma, 0.0), 1.0);
}

double probability_open(double log_alpha, const sparsify::L0Options& o) {
  return sigmoid(log_alpha - o.beta * std::log(-o.gamma / o.zeta));
}

nn::Sequential small_net() {
  return nn::Sequential{nn::Conv2d(1, 4, 3), nn::ReLU(), nn::Flatten(), nn::Linear(16, 3)};
}

}  // namespace

TEST_CASE("sparsify. gates follow the formula, in training with the numbers that were drawn") {
  test::Draw draw(220);
  const Tensor log_alpha = draw.tensor({6, 7}) * 4;
  for (const sparsify::L0Options& o : {sparsify::L0Options{}, {.beta = 0.5, .gamma = -0.3, .zeta = 1.2}}) {
    manual_seed(5);
    const Tensor u = rand(log_alpha.shape(), 1e-6, 1 - 1e-6);
    manual_seed(5);
    const Tensor drawn = sparsify::hard_concrete(log_alpha, o, true),
                 fixed = sparsify::hard_concrete(log_alpha, o, false);
    for (size_t i = 0; i < 42; ++i) {
      const auto a = static_cast<double>(log_alpha.values()[i]), v = static_cast<double>(u.values()[i]);
      const double s = sigmoid((std::log(v) - std::log(1 - v) + a) / o.beta);
      CHECK(static_cast<double>(drawn.values()[i]) == doctest::Approx(stretched(s, o)).epsilon(1e-5));
      CHECK(static_cast<double>(fixed.values()[i]) ==
            doctest::Approx(stretched(sigmoid(a), o)).epsilon(1e-5));
    }
  }
}

TEST_CASE("sparsify. gates have the gradient that differences give") {
  test::Draw draw(221);
  for (const Shape& gate : {Shape{4, 6}, Shape{4, 1}}) {
    for (const bool training : {true, false}) {
      Tensor w = draw.tensor({4, 6}), log_alpha = draw.tensor(gate);
      const auto function = [&](const std::vector<Tensor>& x) {
        manual_seed(6);  // the same u every time
        return x[0] * sparsify::hard_concrete(x[1], {}, training);
      };
      const auto result = gradcheck(function, {w.set_requires_grad(), log_alpha.set_requires_grad()},
                                    {.step = 2e-3, .tolerance = 5e-3});
      CHECK_MESSAGE(result.ok, result.message);
    }
  }
}

TEST_CASE("sparsify. gates are exactly 0 and exactly 1 as often as the distribution says") {
  manual_seed(7);
  const sparsify::L0Options o;
  constexpr int64_t count = 100000;
  for (const double log_alpha : {-3.0, 0.0, 1.5}) {
    const Tensor z = sparsify::hard_concrete(full({count}, log_alpha), o, true);
    const auto share = [&](float value) {
      return static_cast<double>(std::ranges::count(z.values(), value)) / static_cast<double>(count);
    };
    const double edge = (1 - o.gamma) / (o.zeta - o.gamma);  // s from here on is cut to 1
    const double one = 1 - sigmoid(o.beta * std::log(edge / (1 - edge)) - log_alpha);
    CHECK(std::abs(share(0) - (1 - probability_open(log_alpha, o))) < 0.007);  // over four deviations
    CHECK(std::abs(share(1) - one) < 0.007);
  }
  CHECK(count_nonzero(sparsify::hard_concrete(full({100}, -200), o, true)) == 0);
  CHECK(sparsify::hard_concrete(full({2}, 200), o, true).to_vector() == std::vector<float>{1, 1});
}

TEST_CASE("sparsify. the penalty is the price of the weights that are expected to stay") {
  test::Draw draw(222);
  for (const bool per_slice : {false, true}) {
    Parameter a(draw.tensor({3, 4})), b(draw.tensor({2, 3, 2, 2}));
    a.prune(draw.mask({3, 4}, 0.6));
    const sparsify::L0Options o{.strength = 0.01, .per_slice = per_slice, .droprate = 0.3};
    sparsify::L0Gates gates({a, b}, o);
    const auto log_alphas = gates.parameters();
    REQUIRE(log_alphas.size() == 2);
    CHECK(log_alphas[1].shape() == (per_slice ? Shape{2, 1, 1, 1} : Shape{2, 3, 2, 2}));
    for (auto log_alpha : log_alphas) {
      for (const float x : log_alpha.values())
        CHECK(std::abs(static_cast<double>(x) - std::log(0.7 / 0.3)) < 0.05);
      log_alpha.assign(draw.tensor(log_alpha.shape()) * 3);
    }
    const Tensor penalty = gates.penalty();
    penalty.backward();
    double expected = 0;
    for (size_t p = 0; p < 2; ++p) {
      const Parameter& w = p == 0 ? a : b;
      const Tensor& log_alpha = log_alphas[p];
      const int64_t each = w.numel() / log_alpha.numel();
      std::vector<double> grad(static_cast<size_t>(log_alpha.numel()));
      for (int64_t i = 0; i < w.numel(); ++i) {
        if (w.mask().defined() && !w.mask()[i]) continue;
        const double open = probability_open(static_cast<double>(log_alpha.data()[i / each]), o);
        expected += open;
        grad[i / each] += 0.01 * open * (1 - open);
      }
      CHECK(test::difference(log_alpha.grad().to_vector(), grad, 1e-6) == "");
    }
    CHECK(penalty.item() == doctest::Approx(0.01 * expected).epsilon(1e-5));
    CHECK(gates.expected_density() == doctest::Approx(expected / 36).epsilon(1e-5));
  }
}

TEST_CASE("sparsify. gates are drawn in training and fixed in evaluation, with the tape or without") {
  manual_seed(8);
  auto net = small_net();
  const sparsify::L0Gates gates(prune::weights(net));
  const Tensor x = randn({2, 1, 4, 4});
  const Tensor one = net(x), two = net(x);
  CHECK(test::bit_difference(one.values(), two.values()) != "");
  one.backward(ones(one.shape()));
  for (const auto& log_alpha : gates.parameters()) CHECK(log_alpha.grad().defined());
  net.eval();
  CHECK(test::bit_difference(net(x).values(), net(x).values()) == "");
}

TEST_CASE("sparsify. hardened gates are exact zeros under a mask, and the network computes what it did") {
  test::Draw draw(223);
  for (const bool per_slice : {false, true}) {
    auto net = small_net();
    sparsify::L0Gates gates(prune::weights(net), {.per_slice = per_slice});
    std::vector<std::vector<float>> gate;
    for (auto log_alpha : gates.parameters()) {
      log_alpha.assign(draw.tensor(log_alpha.shape()) * 5);
      gate.push_back(sparsify::hard_concrete(log_alpha.detach(), {}, false).to_vector());
    }
    const Tensor x = draw.tensor({2, 1, 4, 4});
    net.eval();
    const Tensor y = net(x).detach();
    gates.harden();
    {
      const DenseGrad dense_kernels(prune::weights(net));  // sparse ones add in another order
      CHECK(test::bit_difference(net(x).values(), y.values()) == "");
    }
    const auto weights = prune::weights(net);
    for (size_t p = 0; p < 2; ++p) {
      CHECK(!weights[p].is_reparametrized());
      const size_t each = static_cast<size_t>(weights[p].numel()) / gate[p].size();
      for (int64_t i = 0; i < weights[p].numel(); ++i)
        CHECK(weights[p].mask()[i] == (gate[p][static_cast<size_t>(i) / each] != 0));
    }
    CHECK(prune::sparsity(weights) > 0.1);
    CHECK(prune::sparsity(weights) < 0.6);
  }
}

TEST_CASE("sparsify. gates learn which inputs a target does not depend on") {
  manual_seed(9);
  nn::Linear layer(10, 1);
  sparsify::L0Gates gates({layer.weight}, {.strength = 0.05});
  optim::Adam adam({{layer.parameters(), {.lr = 0.02}}, {gates.parameters(), {.lr = 0.05}}});
  const Tensor factor = tensor({2, 0, 0, 0, -1, 0, 0, 0, 0, 0}, {10, 1});
  const Tensor x = randn({64, 10});
  for (int step = 0; step < 600; ++step) {
    adam.zero_grad();
    const Tensor loss = mse_loss(layer(x), matmul(x, factor)) + gates.penalty();
    loss.backward();
    adam.step();
  }
  gates.harden();
  CHECK(layer.weight.mask() == Mask(reshape(factor, {1, 10})));
  adam.zero_grad();
  layer(x).backward(ones({64, 1}));
  CHECK_NOTHROW(adam.step());  // the gates, which have no gradient any more, are left alone
}

TEST_CASE("sparsify. gates refuse bad options and weights that have some, and hang on none") {
  Parameter a(ones({2, 2})), b(ones({2, 3}));
  CHECK_THROWS_WITH_AS(sparsify::L0Gates({a}, {.strength = -1}),
                       "L0Gates: the strength is -1, expected 0 or more", Error);
  CHECK_THROWS_AS(sparsify::L0Gates({a}, {.droprate = 1}), Error);
  CHECK_THROWS_AS(sparsify::L0Gates({a}, {.beta = 0}), Error);
  CHECK_THROWS_AS(sparsify::L0Gates({a}, {.gamma = 0}), Error);
  CHECK_THROWS_AS(sparsify::L0Gates({a}, {.zeta = 1}), Error);
  CHECK_THROWS_WITH_AS(sparsify::L0Gates({a, a}), "L0Gates: a parameter of shape (2, 2) is listed twice",
                       Error);
  sparsify::L0Gates gates({b});
  CHECK_THROWS_WITH_AS(sparsify::L0Gates({a, b}),
                       "L0Gates: a parameter of shape (2, 3) is reparametrized; harden it first", Error);
  CHECK(!a.is_reparametrized());
}
