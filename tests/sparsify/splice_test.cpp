// Dynamic network surgery: what is cut is out of the forward pass but goes on learning, and comes back.
#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/matmul.hpp>
#include <tinynn/ops/shape.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/sparsify/splice.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/moments.hpp"

using namespace tinynn;

using Values = std::vector<float>;

TEST_CASE("sparsify. a cut weight computes as zero and gets its gradient in full") {
  test::Draw draw(230);
  nn::Linear layer(6, 4, {.bias = false});
  sparsify::Splice splice({layer.weight});
  const Values trained = layer.weight.to_vector();
  splice.update(0.5, 0);
  CHECK(splice.sparsity() == 0.5);
  CHECK(layer.weight.to_vector() == trained);
  const Tensor kept = layer.weight.effective(true).detach();
  CHECK(count_nonzero(kept) == 12);
  const Tensor x = draw.tensor({3, 6}), grad_y = draw.tensor({3, 4});
  const Tensor y = layer(x);
  CHECK(test::difference(y.values(), matmul(x, transpose(kept, 0, 1)).values()) == "");
  y.backward(grad_y);
  CHECK(test::difference(layer.weight.grad().values(), matmul(transpose(grad_y, 0, 1), x).values()) == "");
}

TEST_CASE("sparsify. cuts follow the two thresholds, with hysteresis between") {
  test::Draw draw(231);
  Parameter a(draw.tensor({5, 8})), b(draw.tensor({60}));
  for (const bool published : {true, false}) {
    sparsify::Splice splice({a, b});
    std::vector<std::vector<bool>> kept{std::vector<bool>(40, true), std::vector<bool>(60, true)};
    int64_t returned = 0, between = 0;
    for (int step = 0; step < 20; ++step) {
      for (Parameter* p : {&a, &b})
        p->update([&](std::span<float> w) {
          std::ranges::for_each(w, [&](float& x) { x += 0.2F * draw.number(); });
        });
      std::vector<double> all;
      for (const Parameter& p : {a, b}) {
        for (const float w : p.values()) all.push_back(std::abs(static_cast<double>(w)));
      }
      std::ranges::sort(all);
      if (published) {
        splice.update_by_deviation(0.25, 0.2);
      } else {
        splice.update(0.6, 0.2);
      }
      for (size_t p = 0; p < 2; ++p) {
        const Parameter& w = p == 0 ? a : b;
        double mean = 0, variance = 0, t = all[60];
        const auto count = static_cast<double>(w.numel());
        for (const float x : w.values()) mean += std::abs(static_cast<double>(x)) / count;
        for (const float x : w.values())
          variance += std::pow(std::abs(static_cast<double>(x)) - mean, 2) / count;
        if (published) t = mean + 0.25 * std::sqrt(variance);
        const Tensor effective = w.effective(true);
        for (size_t i = 0; i < kept[p].size(); ++i) {
          const double size = std::abs(static_cast<double>(w.values()[i]));
          const bool before = kept[p][i];
          if (size < 0.8 * t) kept[p][i] = false;
          if (size >= 1.2 * t) kept[p][i] = true;
          returned += kept[p][i] && !before;
          between += size >= 0.8 * t && size < 1.2 * t;
          CHECK(effective.values()[i] == (kept[p][i] ? w.values()[i] : 0.0F));
        }
      }
    }
    CHECK(returned > 10);
    CHECK(between > 100);
    splice.harden();
    a.set_mask(Mask()), b.set_mask(Mask());
  }
}

TEST_CASE("sparsify. without a band exactly the fraction asked for is cut") {
  test::Draw draw(232);
  const Parameter a(draw.tensor({10, 10})), b(draw.tensor({100}));
  sparsify::Splice splice({a, b});
  CHECK(splice.sparsity() == 0);
  for (const double sparsity : {0.5, 0.93, 1.0, 0.1, 0.0, 0.305}) {
    splice.update(sparsity, 0);
    CHECK(splice.sparsity() == doctest::Approx(sparsity));
  }
}

TEST_CASE("sparsify. a cut weight that grew comes back with what it has learned") {
  Parameter p(tensor({0.1F, 1, -2, 3}, {2, 2}));
  sparsify::Splice splice({p});
  optim::SGD sgd({p}, {.lr = 1});
  splice.update(0.25);
  CHECK(p.effective(true).to_vector() == Values{0, 1, -2, 3});
  for (int step = 0; step < 6; ++step) {  // to -2.3
    test::give_gradient(p, tensor({0.4F, 0, 0, 0}, {2, 2}));
    sgd.step();
    splice.update(0.25);
  }
  CHECK(test::difference(p.effective(true).values(), Values{-2.3F, 0, -2, 3}) == "");
  splice.harden();
  CHECK(test::difference(p.values(), Values{-2.3F, 0, -2, 3}) == "");
  CHECK(p.mask() == Mask(tensor({1, 0, 1, 1}, {2, 2})));
  sgd.step();
  CHECK(p.values()[1] == 0);
}

TEST_CASE("sparsify. splice refuses what makes no sense and changes nothing") {
  Parameter p(tensor({1, 2})), q(tensor({3, 4}));
  CHECK_THROWS_WITH_AS(sparsify::Splice({p, p}), "Splice: a parameter of shape (2) is listed twice", Error);
  CHECK(!p.is_reparametrized());
  sparsify::Splice splice({p, q});
  CHECK_THROWS_AS(sparsify::Splice({q}), Error);
  splice.update(0.25, 0);
  CHECK_THROWS_WITH_AS(splice.update(1.5), "splice: 1.5 is no fraction between 0 and 1", Error);
  CHECK_THROWS_WITH_AS(splice.update(0.5, 1), "splice: the band 1 is not in [0, 1)", Error);
  CHECK_THROWS_AS(splice.update_by_deviation(1, -0.1), Error);
  q.assign(tensor({3, test::not_a_number}));
  CHECK_THROWS_WITH_AS(splice.update(0.5), "splice: a parameter of shape (2) has a NaN", Error);
  CHECK(splice.sparsity() == 0.25);
}
