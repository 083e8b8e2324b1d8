// What all optimizers share: whom they move, what they refuse, and what happens when parameters are cut.
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/ops/linear.hpp>
#include <tinynn/ops/pointwise.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/optim/sgd.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/moments.hpp"

using namespace tinynn;

namespace {
using Values = std::vector<float>;
}

TEST_CASE("optim. parameters without a gradient are left alone, decay and momentum included") {
  Parameter moved(tensor({1, 2})), still(tensor({3, 4}));
  optim::SGD sgd({moved, still}, {.lr = 1, .momentum = 0.9, .weight_decay = 0.5});
  for (Parameter* p : {&moved, &still}) test::give_gradient(*p, ones({2}));
  sgd.step();
  sgd.zero_grad();
  CHECK(!moved.grad().defined());
  CHECK(!still.grad().defined());
  const Values before = still.to_vector();
  test::give_gradient(moved, ones({2}));
  sgd.step();
  CHECK(still.to_vector() == before);
  CHECK(moved.to_vector() != before);
}

TEST_CASE("optim. Adam counts the steps of each parameter on its own") {
  Parameter early(tensor({1})), late(tensor({1})), fresh(tensor({1}));
  optim::Adam adam({early, late}, {.lr = 0.1}), other({fresh}, {.lr = 0.1});
  test::give_gradient(early, ones({1}));
  adam.step();
  for (Parameter* p : {&late, &fresh}) test::give_gradient(*p, tensor({3}));
  adam.step();
  other.step();
  CHECK(late.item() == fresh.item());  // its first step, though the optimizer's second
}

TEST_CASE("optim. an optimizer that reads another's state goes on as that one does") {
  Parameter p(tensor({1, 2})), q(tensor({1, 2}));
  optim::Adam adam({p}, {.lr = 0.1}), other({q}, {.lr = 0.5});
  const auto step = [](Parameter& parameter, optim::Optimizer& optimizer, float gradient) {
    test::give_gradient(parameter, tensor({gradient, -gradient}));
    optimizer.step();
  };
  for (const float gradient : {1.0F, 3.0F}) step(p, adam, gradient);
  StateWriter writer;
  adam.state(writer);
  StateReader reader(writer.state);
  other.state(reader);
  q.assign(p);
  step(p, adam, 2);
  step(q, other, 2);
  CHECK(q.to_vector() == p.to_vector());
}

TEST_CASE("optim. a step does not touch the gradients") {
  Parameter p(tensor({1, 2}));
  optim::SGD sgd({p}, {.lr = 1, .momentum = 0.9, .weight_decay = 0.5});
  const Tensor grad = tensor({3, 4});
  test::give_gradient(p, grad);
  sgd.step();
  CHECK(p.grad().to_vector() == Values{3, 4});
  CHECK(grad.to_vector() == Values{3, 4});
}

TEST_CASE("optim. packed gradients and dense ones step alike, with few weights alive and with more") {
  test::Draw draw(3);
  for (const double alive : {0.1, 0.3}) {
    CAPTURE(alive);
    const Tensor value = draw.tensor({30, 40}), x = draw.tensor({64, 40});
    const Mask mask = draw.mask(value.shape(), alive);
    Parameter packed(value), dense(value);
    packed.prune(mask), dense.prune(mask);
    optim::SGD sgd({packed, dense}, {.lr = 0.01, .momentum = 0.9});
    const auto backward = [&](const Parameter& weight) {
      tinynn::sum(pow(tinynn::linear(x, weight, {}), 2)).backward();
    };
    for (int step = 0; step < 3; ++step) {
      sgd.zero_grad();
      backward(packed);
      REQUIRE(packed.packed_grad(*packed.sparse_pattern(1)) != nullptr);
      const DenseGrad guard({dense});
      backward(dense);
      sgd.step();
    }
    CHECK(test::difference(packed.values(), dense.values(), 1e-4) == "");
  }
}

TEST_CASE("optim. settings out of range are errors") {
  const double nothing = static_cast<double>(test::not_a_number);
  const std::vector<Parameter> p{Parameter(tensor({1}))};
  using optim::Adam, optim::AdamW, optim::SGD;
  CHECK_THROWS_WITH_AS(SGD(p, {.lr = -1}), "optimizer: the learning rate is -1, expected 0 or more", Error);
  CHECK_THROWS_AS(SGD(p, {.lr = nothing}), Error);
  CHECK_THROWS_AS(SGD(p, {.lr = HUGE_VAL}), Error);
  CHECK_THROWS_AS(SGD(p, {.momentum = -0.1}), Error);
  CHECK_THROWS_AS(SGD(p, {.momentum = nothing}), Error);
  CHECK_THROWS_AS(SGD(p, {.weight_decay = -0.1}), Error);
  CHECK_THROWS_WITH_AS(SGD(p, {.nesterov = true}), "SGD: Nesterov needs a momentum above 0", Error);
  CHECK_THROWS_WITH_AS(SGD(p, {.l1 = -1}), "optimizer: l1 is -1, expected 0 or more", Error);
  CHECK_THROWS_AS(Adam(p, {.beta1 = 1}), Error);
  CHECK_THROWS_AS(Adam(p, {.beta2 = -0.1}), Error);
  CHECK_THROWS_AS(Adam(p, {.eps = -1}), Error);
  CHECK_THROWS_AS(Adam(p, {.eps = nothing}), Error);
  CHECK_THROWS_AS(AdamW(p, {.weight_decay = -1}), Error);
  CHECK_THROWS_AS(SGD({Parameter()}), Error);

  SGD sgd(p, {.lr = 0.5});
  CHECK_THROWS_AS(sgd.set_lr(-1), Error);
  CHECK(sgd.lr() == 0.5);
  sgd.set_lr(0.25);
  CHECK(sgd.lr() == 0.25);
}

TEST_CASE("optim. a parameter listed twice is an error, also through a copy of its handle") {
  const Parameter p(ones({2, 3})), copy = p;
  CHECK_THROWS_WITH_AS(optim::SGD({p, Parameter(ones({2, 3})), copy}),
                       "optimizer: a parameter of shape (2, 3) is listed twice", Error);
}

TEST_CASE("optim. after a cut the optimizer goes on as if the rest had never been") {
  test::Draw draw(80);
  const Tensor value = draw.tensor({4, 3});
  Parameter cut(value), small(value);
  small.slice(0, {0, 2});
  optim::Adam adam({cut}, {.lr = 0.1, .weight_decay = 0.1}),
      small_adam({small}, {.lr = 0.1, .weight_decay = 0.1});
  for (int step = 0; step < 10; ++step) {
    if (step == 5) cut.slice(0, {0, 2});
    Parameter grad(draw.tensor({4, 3})), small_grad(grad.detach());
    small_grad.slice(0, {0, 2});
    test::give_gradient(cut, step < 5 ? grad.clone() : small_grad.clone());
    test::give_gradient(small, small_grad.clone());
    adam.step();
    small_adam.step();
  }
  CHECK(test::bit_difference(cut.values(), small.values()) == "");
  CHECK(test::moments_of(cut)[1].shape() == Shape{2, 3});
}

TEST_CASE("optim. one parameter, two optimizers: cutting and masking reach both") {
  Parameter p(ones({3}));
  optim::SGD sgd({p}, {.momentum = 0.9});
  optim::Adam adam({p});
  test::give_gradient(p, ones({3}));
  sgd.step();
  adam.step();
  Mask mask({3});
  mask.set(0, false);
  p.prune(mask);
  p.slice(0, {0, 1});
  for (const Tensor& moment : test::moments_of(p)) {
    CHECK(moment.shape() == Shape{2});
    CHECK(moment.data()[0] == 0);
    CHECK(moment.data()[1] != 0);
  }
}

TEST_CASE("optim. a parameter outlives its optimizer") {
  test::Draw draw(81);
  Parameter p(draw.tensor({2, 3}));
  {
    optim::Adam adam({p});
    test::give_gradient(p, ones({2, 3}));
    adam.step();
    CHECK(test::moments_of(p).size() == 2);
  }
  CHECK(test::moments_of(p).empty());
  p.prune(draw.mask({2, 3}));
  p.set_mask(Mask());
  p.slice(1, {0});
  optim::SGD sgd({p}, {.momentum = 0.9});  // starts clean
  CHECK(test::moments_of(p).size() == 1);
  CHECK(test::moments_of(p)[0].to_vector() == Values{0, 0});
}
