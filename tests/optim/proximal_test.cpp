// Proximal L1: weights become exactly zero, as a penalty in the loss never makes them.
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/optim/adam.hpp>
#include <tinynn/optim/sgd.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/moments.hpp"

using namespace tinynn;

namespace {
using Values = std::vector<float>;
}

TEST_CASE("optim. proximal l1 shrinks weights by lr * l1, small ones to exactly zero, biases not at all") {
  Parameter weight(tensor({0.25F, -0.25F, 0.5F, -0.5F, 1, -1}, {2, 3})), bias(tensor({0.25F, -1}));
  optim::SGD sgd({weight, bias}, {.lr = 0.5, .l1 = 1});
  for (Parameter* p : {&weight, &bias}) test::give_gradient(*p, zeros(p->shape()));
  sgd.step();
  CHECK(test::bit_difference(weight.values(), Values{0, 0, 0, 0, 0.5F, -0.5F}) == "");
  CHECK(bias.to_vector() == Values{0.25F, -1});
  CHECK(!weight.mask().defined());  // zero is not dead: a gradient may bring it back
}

TEST_CASE("optim. proximal l1 comes after the step proper, in every optimizer") {
  test::Draw draw(90);
  const Tensor value = draw.tensor({5, 5}), grad = draw.tensor({5, 5});
  auto step = [&](auto&& make, double l1) {
    Parameter p(value);
    auto optimizer = make(p, l1);
    test::give_gradient(p, grad);
    optimizer.step();
    return p;
  };
  auto compare = [&](auto&& make) {
    const Parameter plain = step(make, 0), shrunk = step(make, 0.5);
    const float threshold = 0.1F * 0.5F;
    int64_t zeros_expected = 0;
    for (int64_t i = 0; i < plain.numel(); ++i) {
      const float w = plain.data()[i];
      zeros_expected += std::abs(w) <= threshold;
      const float expected = std::abs(w) <= threshold ? 0 : w > 0 ? w - threshold : w + threshold;
      CHECK(shrunk.data()[i] == doctest::Approx(static_cast<double>(expected)).epsilon(1e-6));
    }
    CHECK(count_nonzero(shrunk) == 25 - zeros_expected);
  };
  compare([](Parameter& p, double l1) { return optim::SGD({p}, {.lr = 0.1, .l1 = l1}); });
  compare([](Parameter& p, double l1) { return optim::SGD({p}, {.lr = 0.1, .momentum = 0.9, .l1 = l1}); });
  compare([](Parameter& p, double l1) { return optim::Adam({p}, {.lr = 0.1, .l1 = l1}); });
  compare(
      [](Parameter& p, double l1) { return optim::AdamW({p}, {.lr = 0.1, .weight_decay = 0.1, .l1 = l1}); });
}

TEST_CASE("optim. proximal l1 does not hide that a run has diverged") {
  Parameter weight(ones({1, 2}));
  optim::SGD sgd({weight}, {.lr = 0.5, .l1 = 1});
  test::give_gradient(weight, tensor({test::not_a_number, -test::infinity}, {1, 2}));
  sgd.step();
  CHECK(std::isnan(weight.values()[0]));
  CHECK(weight.values()[1] == test::infinity);
}

TEST_CASE("optim. enough l1 and no gradient empties a weight, and it stays trainable") {
  test::Draw draw(91);
  Parameter weight(draw.tensor({4, 4}));
  optim::SGD sgd({weight}, {.lr = 0.1, .l1 = 1});
  for (int i = 0; i < 11; ++i) {
    test::give_gradient(weight, zeros({4, 4}));
    sgd.step();
  }
  CHECK(count_nonzero(weight) == 0);
  test::give_gradient(weight, full({4, 4}, -3));
  sgd.step();
  CHECK(count_nonzero(weight) == 16);
}
