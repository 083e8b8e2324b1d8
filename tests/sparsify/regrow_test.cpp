#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/sparsify/regrow.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/moments.hpp"

using namespace tinynn;

namespace {

Parameter masked(const Tensor& value, const Mask& mask) {
  Parameter result(value);
  result.set_mask(mask);
  return result;
}

std::vector<float> bits(const Mask& mask) { return {mask.data(), mask.data() + mask.shape().numel()}; }

int64_t alive(const std::vector<Parameter>& parameters) {
  int64_t count = 0;
  for (const auto& p : parameters) count += p.mask().defined() ? p.mask().count_alive() : p.numel();
  return count;
}

// Three weights of a chain, about a third of each alive, with a gradient of everything.
struct Layers {
  explicit Layers(uint64_t seed) : draw(seed) {
    for (const Shape& shape : {Shape{9, 11}, Shape{6, 9}, Shape{4, 6}})
      weights.push_back(masked(draw.tensor(shape), draw.mask(shape, 0.3)));
  }
  void give_gradients() {
    for (auto& w : weights) test::give_gradient(w, draw.tensor(w.shape()));
  }
  std::vector<std::vector<float>> state() const {
    std::vector<std::vector<float>> result;
    for (const auto& w : weights) {
      result.push_back(bits(w.mask()));
      result.push_back(w.to_vector());
    }
    return result;
  }
  test::Draw draw;
  std::vector<Parameter> weights;
};

// The mask after an update, from the definition: sort, drop from the front, sort, revive from the front.
std::vector<float> naive_update(const std::vector<float>& mask, const std::vector<float>& value,
                                const std::vector<float>& score, size_t drop, size_t revive) {
  std::vector<float> result = mask;
  std::vector<size_t> order(mask.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order,
                           [&](size_t a, size_t b) { return std::abs(value[a]) < std::abs(value[b]); });
  for (size_t i : order) {
    if (drop > 0 && mask[i] != 0) result[i] = 0, --drop;
  }
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return score[a] > score[b]; });
  for (size_t i : order) {
    if (revive > 0 && result[i] == 0) result[i] = 1, --revive;
  }
  return result;
}

size_t rounded(double fraction, int64_t count) {
  return static_cast<size_t>(std::nearbyint(fraction * static_cast<double>(count)));
}

std::vector<float> absolute(std::vector<float> values) {
  for (float& v : values) v = std::abs(v);
  return values;
}

template <class T>
std::vector<T> joined(const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<T> result = a;
  result.insert(result.end(), b.begin(), b.end());
  return result;
}

}  // namespace

TEST_CASE("sparsify. RigL drops the smallest weights and revives the largest gradients") {
  // After jaxpruner's testRigLUpdateMask
  const std::vector<std::pair<double, std::vector<float>>> cases{{0.0, {0, 1, 0, 1, 0, 1, 1, 0}},
                                                                 {0.25, {1, 1, 0, 1, 0, 1, 0, 0}},
                                                                 {0.5, {1, 1, 0, 0, 1, 1, 0, 0}},
                                                                 {0.75, {1, 0, 1, 0, 1, 1, 0, 0}},
                                                                 {1.0, {1, 0, 1, 0, 1, 1, 0, 0}}};
  for (const auto& row : cases) {
    const auto& [fraction, expected] = row;
    CAPTURE(row.first);
    Parameter weight = masked(tensor({7, 3, 7, -2, 7, 8, 1, 7}), Mask(tensor({0, 1, 0, 1, 0, 1, 1, 0})));
    const DenseGrad guard({weight});
    test::give_gradient(weight, tensor({-9, 1, 4, -1, 5, 8, -2, 3}));
    sparsify::rigl({weight}, fraction);
    CHECK(bits(weight.mask()) == expected);
    // What is new is zero; what was dropped and chosen again (the 8) has kept its value.
    for (int64_t i : {0, 2, 4}) CHECK(weight.data()[i] == 0);
    CHECK(weight.data()[5] == 8);
  }
}

TEST_CASE("sparsify. regrowth is what a full sort says, per layer and over all layers") {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Layers layers(seed);
    const DenseGrad guard(layers.weights);
    layers.give_gradients();
    const double fraction = 0.4 * layers.draw.fraction();
    const bool global = layers.draw.coin();
    CAPTURE(seed);
    std::vector<float> expected, mask, value, score;
    for (const auto& w : layers.weights) {
      const auto m = bits(w.mask()), v = w.to_vector(), s = absolute(w.grad().to_vector());
      const size_t n = rounded(fraction, w.mask().count_alive());
      expected = joined(expected, naive_update(m, v, s, n, n));
      mask = joined(mask, m), value = joined(value, v), score = joined(score, s);
    }
    const int64_t before = alive(layers.weights);
    if (global) {
      const size_t n = rounded(fraction, before);
      expected = naive_update(mask, value, score, n, n);
    }
    sparsify::rigl(layers.weights, fraction, global ? prune::Scope::global : prune::Scope::local);
    std::vector<float> got;
    for (const auto& w : layers.weights) got = joined(got, bits(w.mask()));
    CHECK(got == expected);
    CHECK(alive(layers.weights) == before);
  }
}

TEST_CASE("sparsify. SET keeps the number alive in each layer and revives at random") {
  manual_seed(5);
  Parameter weight(randn({40, 50}));
  prune::l1_unstructured(weight, prune::count(1800));
  const auto before = bits(weight.mask()), value = weight.to_vector();
  sparsify::set({weight}, 0.3);
  CHECK(alive({weight}) == 200);
  int64_t first_half = 0, fresh = 0;
  for (size_t i = 0; i < 2000; ++i) {
    const bool revived = weight.mask()[static_cast<int64_t>(i)] && before[i] == 0;
    fresh += revived;
    first_half += revived && i < 1000;
    if (before[i] != 0 && std::abs(value[i]) > 3) CHECK(weight.mask()[static_cast<int64_t>(i)]);
  }
  CHECK(fresh >= 50);  // 60 of 1,860 positions, 60 of which had just been dropped
  CHECK(fresh <= 60);
  CHECK(first_half > fresh / 5);
  CHECK(first_half < fresh - fresh / 5);

  const auto once = bits(weight.mask());
  sparsify::set({weight}, 0.3);
  CHECK(bits(weight.mask()) != once);
  Parameter dense(ones({3, 3}));  // has nothing to revive but what it drops
  sparsify::set({dense}, 0.5);
  CHECK(dense.to_vector() == std::vector<float>(9, 1));
}

TEST_CASE("sparsify. revived weights have zero value and zero moments, the others keep theirs") {
  // After jaxpruner's testDynamicSparseUpdateStateInnerReset
  for (const bool is_adam : {false, true}) {
    Layers layers(7);
    std::unique_ptr<optim::Optimizer> optimizer;
    if (is_adam) {
      optimizer = std::make_unique<optim::Adam>(layers.weights);
    } else {
      optimizer = std::make_unique<optim::SGD>(layers.weights, optim::SGDOptions{.momentum = 0.9});
    }
    const DenseGrad guard(layers.weights);
    for (int step = 0; step < 3; ++step) {
      layers.give_gradients();
      optimizer->step();
    }
    std::vector<std::vector<float>> masks;
    for (const auto& w : layers.weights) masks.push_back(bits(w.mask()));
    sparsify::rigl(layers.weights, 0.5);
    for (size_t k = 0; k < masks.size(); ++k) {
      const Parameter& w = layers.weights[k];
      const auto moments = test::moments_of(w);
      REQUIRE(moments.size() == (is_adam ? 2 : 1));
      int64_t revived = 0;
      for (int64_t i = 0; i < w.numel(); ++i) {
        const bool was_alive = masks[k][i] != 0;
        revived += w.mask()[i] && !was_alive;
        for (const Tensor& moment : moments) CHECK((moment.data()[i] != 0) == (w.mask()[i] && was_alive));
        CHECK((w.data()[i] != 0) == (w.mask()[i] && was_alive));
      }
      CHECK(revived > 0);
    }
  }
}

TEST_CASE("sparsify. sparse momentum gives the layers with the larger mean momentum more") {
  // 16 alive of 32 in each; half are dropped, and the momenta of the living are as 3 to 1.
  Mask mask({32});
  for (int64_t i = 16; i < 32; ++i) mask.set(i, false);
  std::vector<Parameter> weights;
  for (int k = 0; k < 2; ++k) weights.push_back(masked(ones({32}), mask));
  sparsify::SparseMomentum momentum(weights);
  for (int step = 0; step < 4; ++step) {
    for (size_t k = 0; k < 2; ++k) {
      Tensor grad = full({32}, k == 0 ? 3 : 1);
      for (int64_t i = 16; i < 32; ++i) grad.mutable_data()[i] = static_cast<float>(i) * 0.01F;
      test::give_gradient(weights[k], grad);
    }
    momentum.update();
  }
  momentum.regrow(0.5);
  CHECK(alive({weights[0]}) == 8 + 12);
  CHECK(alive({weights[1]}) == 8 + 4);
  // Those dropped are back first: their momentum is largest. Then come the dead, the last one first.
  for (int64_t i = 0; i < 16; ++i) CHECK(weights[0].mask()[i]);
  for (int64_t i = 16; i < 32; ++i) CHECK(weights[0].mask()[i] == (i >= 28));
}

TEST_CASE(
    "sparsify. sparse momentum shares out by the method of Sainte-Lague, which is fair to small layers") {
  Mask mask({8});
  for (int64_t i = 4; i < 8; ++i) mask.set(i, false);
  std::vector<Parameter> weights;
  for (int k = 0; k < 2; ++k) weights.push_back(masked(ones({8}), mask));
  sparsify::SparseMomentum momentum(weights);
  for (size_t k = 0; k < 2; ++k) test::give_gradient(weights[k], full({8}, k == 0 ? 5.5 : 1));
  momentum.update();
  momentum.regrow(0.5);
  CHECK(alive({weights[0]}) == 2 + 3);  // of four pieces; by the method of D'Hondt it would be all
  CHECK(alive({weights[1]}) == 2 + 1);
}

TEST_CASE("sparsify. sparse momentum follows its definition, and never gives a layer more than it can hold") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Layers layers(seed);
    if (seed % 2) layers.weights[2].set_mask(layers.draw.mask(layers.weights[2].shape(), 0.95));
    sparsify::SparseMomentum momentum(layers.weights, 0.8);
    std::vector<std::vector<double>> average(3);
    for (int step = 0; step < 5; ++step) {
      layers.give_gradients();
      momentum.update();
      for (size_t k = 0; k < 3; ++k) {
        average[k].resize(static_cast<size_t>(layers.weights[k].numel()));
        for (size_t i = 0; i < average[k].size(); ++i) {
          const auto g = static_cast<double>(layers.weights[k].grad().values()[i]);
          average[k][i] = 0.8 * average[k][i] + 0.2 * g;
        }
      }
    }
    const int64_t before = alive(layers.weights);
    std::vector<std::vector<float>> masks, values, scores;
    std::vector<double> mean;
    size_t dropped = 0;
    for (size_t k = 0; k < 3; ++k) {
      masks.push_back(bits(layers.weights[k].mask()));
      values.push_back(layers.weights[k].to_vector());
      double sum = 0;
      for (size_t i = 0; i < average[k].size(); ++i) sum += masks[k][i] != 0 ? std::abs(average[k][i]) : 0;
      mean.push_back(sum / static_cast<double>(layers.weights[k].mask().count_alive()));
      scores.emplace_back(average[k].begin(), average[k].end());
      dropped += rounded(0.4, layers.weights[k].mask().count_alive());
    }
    momentum.regrow(0.4);
    CHECK(alive(layers.weights) == before);
    const double total = mean[0] + mean[1] + mean[2];
    for (size_t k = 0; k < 3; ++k) {
      const auto& w = layers.weights[k];
      const int64_t kept = std::ranges::count(masks[k], 1.0F);
      const size_t drop = rounded(0.4, kept);
      const auto grown = static_cast<size_t>(w.mask().count_alive() - kept) + drop;
      const double share = static_cast<double>(dropped) * mean[k] / total;
      if (w.mask().count_alive() < w.numel()) {
        CHECK(static_cast<double>(grown) > share - 2);
        if (seed % 2 == 0) CHECK(static_cast<double>(grown) < share + 2);
      }
      CHECK(bits(w.mask()) == naive_update(masks[k], values[k], absolute(scores[k]), drop, grown));
    }
  }
}

TEST_CASE("sparsify. grow revives up to a total, the best of all layers first") {
  Parameter a = masked(tensor({1, 2, 3}), Mask(tensor({1, 0, 0})));
  Parameter b = masked(tensor({4, 5}), Mask(tensor({0, 1})));
  const prune::Criterion scores = [&](const Parameter& p) {
    return p.numel() == 3 ? tensor({9, 2, 1}) : tensor({3, 9});
  };
  sparsify::grow({a, b}, 2, scores);
  CHECK(alive({a, b}) == 2);
  sparsify::grow({a, b}, 1, scores);
  CHECK(alive({a, b}) == 2);
  sparsify::grow({a, b}, 4, scores);
  CHECK(bits(a.mask()) == std::vector<float>{1, 1, 0});
  CHECK(b.to_vector() == std::vector<float>{0, 5});
  CHECK(alive({b}) == 2);
  CHECK_THROWS_WITH_AS(sparsify::grow({a, b}, 6, scores),
                       "grow: 6 elements to be alive, but there are only 5", Error);
  CHECK(alive({a, b}) == 4);
}

TEST_CASE("sparsify. regrowth that has not what it needs says so, and changes nothing") {
  Layers layers(3);
  auto& weights = layers.weights;
  const auto before = layers.state();
  CHECK_THROWS_WITH_AS(sparsify::rigl(weights, 0.3),
                       "dense_gradient: a parameter of shape (9, 11) has no gradient, expected that of a "
                       "backward() under a DenseGrad that still lives",
                       Error);
  layers.give_gradients();
  CHECK_THROWS_WITH_AS(sparsify::rigl(weights, 0.3),
                       "dense_gradient: a parameter of shape (9, 11) has only a masked gradient, expected "
                       "that of a backward() under a DenseGrad that still lives",
                       Error);
  const DenseGrad guard(weights);
  weights[2].zero_grad();
  CHECK_THROWS_AS(sparsify::rigl(weights, 0.3), Error);
  layers.give_gradients();
  Tensor grad = weights[2].grad();
  for (int64_t i = 0; i < grad.numel(); ++i) grad.mutable_data()[i] = test::not_a_number;
  for (const auto scope : {prune::Scope::local, prune::Scope::global})
    CHECK_THROWS_AS(sparsify::rigl(weights, 0.3, scope), Error);
  CHECK_THROWS_AS(sparsify::set(weights, 1.5), Error);
  CHECK_THROWS_AS(sparsify::regrow(weights, 0.3, [](const Parameter&) { return zeros({9, 11}); }), Error);
  weights[2].reparametrize([](const Tensor& trained, bool) { return trained; });
  CHECK_THROWS_AS(sparsify::set(weights, 0.3), Error);
  weights[2].reparametrize({});

  CHECK_THROWS_AS(sparsify::SparseMomentum(weights, 1), Error);
  sparsify::SparseMomentum momentum(weights);
  CHECK_THROWS_WITH_AS(momentum.regrow(0.3), "SparseMomentum: regrow() before the first update()", Error);
  weights[1].zero_grad();
  CHECK_THROWS_AS(momentum.update(), Error);
  layers.give_gradients();
  momentum.update();
  CHECK_THROWS_AS(momentum.regrow(-0.1), Error);
  CHECK(layers.state() == before);
  weights[0].slice(0, {0, 1});
  CHECK_THROWS_AS(momentum.regrow(0.3), Error);
  CHECK_THROWS_WITH_AS(
      momentum.update(),
      "SparseMomentum: a parameter of shape (2, 11) had shape (9, 11); make a new SparseMomentum after a cut",
      Error);
}

TEST_CASE("sparsify. cosine_decay falls from the fraction to zero, and stays there") {
  CHECK(sparsify::cosine_decay(0.3, 0, 100) == doctest::Approx(0.3));
  CHECK(sparsify::cosine_decay(0.3, 25, 100) == doctest::Approx(0.15 * (1 + std::sqrt(0.5))));
  CHECK(sparsify::cosine_decay(0.3, 50, 100) == doctest::Approx(0.15));
  CHECK(sparsify::cosine_decay(0.3, 100, 100) == 0);
  CHECK(sparsify::cosine_decay(0.3, 1000, 100) == 0);
  CHECK_THROWS_AS(sparsify::cosine_decay(0.3, -1, 100), Error);
  CHECK_THROWS_AS(sparsify::cosine_decay(0.3, 1, 0), Error);
}
