#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/optim/clip_grad.hpp>
#include <tinynn/optim/ema.hpp>
#include <tinynn/optim/lr_scheduler.hpp>
#include <tinynn/optim/rmsprop.hpp>
#include <tinynn/optim/sgd.hpp>

using namespace tinynn;

namespace {

using Values = std::vector<float>;

// Gives a parameter this gradient.
void set_grad(Parameter& parameter, std::initializer_list<float> grad) {
  parameter.zero_grad();
  parameter.handle()->grad = tensor(grad, parameter.shape()).handle();
}

}  // namespace

TEST_CASE("optim. groups have their own rate, decay and l1") {
  Parameter weight(tensor({1, 1}, {1, 2})), bias(tensor({1, 1}));
  optim::SGD sgd({{{weight}, {.lr = 0.5, .weight_decay = 1}}, {{bias}, {.lr = 0.25}}});
  set_grad(weight, {0, 1});
  set_grad(bias, {0, 1});
  sgd.step();
  CHECK(weight.to_vector() == Values{0.5, 0});
  CHECK(bias.to_vector() == Values{1, 0.75});
  CHECK(sgd.groups() == 2);
  CHECK(sgd.lr(1) == 0.25);
  CHECK(sgd.parameters().size() == 2);
  CHECK_THROWS_WITH_AS((void)sgd.lr(2), "optimizer: no group 2 among 2", Error);
  CHECK_THROWS_AS(optim::SGD({{{weight}, {}}, {{weight}, {}}}), Error);
}

TEST_CASE("optim. a schedule scales the rate of every group") {
  Parameter a(ones({2})), b(ones({2}));
  optim::AdamW adam({{{a}, {.lr = 1}}, {{b}, {.lr = 0.1}}});
  optim::LrScheduler scheduler(adam, optim::step({.every = 1, .gamma = 0.5}));
  scheduler.step();
  CHECK(adam.lr(0) == doctest::Approx(0.5));
  CHECK(adam.lr(1) == doctest::Approx(0.05));
}

TEST_CASE("optim. groups with and without momentum live in one optimizer") {
  Parameter a(zeros({1})), b(zeros({1}));
  optim::SGD sgd({{{a}, {.lr = 1, .momentum = 0.5}}, {{b}, {.lr = 1}}});
  for (int i = 0; i < 2; ++i) {
    set_grad(a, {1});
    set_grad(b, {1});
    sgd.step();
  }
  CHECK(a.item() == -2.5F);
  CHECK(b.item() == -2);
}

TEST_CASE("optim. RMSprop follows PyTorch's formula in double precision") {
  for (const bool centered : {false, true}) {
    for (const double momentum : {0.0, 0.9}) {
      Parameter w(tensor({1, -2, 3}));
      optim::RMSprop rmsprop(
          {w}, {.lr = 0.05, .alpha = 0.9, .weight_decay = 0.1, .momentum = momentum, .centered = centered});
      std::vector<double> twin{1, -2, 3}, v(3), a(3), m(3);
      for (int step = 0; step < 50; ++step) {
        Values grad(3);
        for (size_t i = 0; i < 3; ++i)
          grad[i] = static_cast<float>(std::sin(step + 2.0 * static_cast<double>(i)));
        set_grad(w, {grad[0], grad[1], grad[2]});
        rmsprop.step();
        for (size_t i = 0; i < 3; ++i) {
          const double g = static_cast<double>(grad[i]) + 0.1 * twin[i];
          v[i] = 0.9 * v[i] + 0.1 * g * g;
          a[i] = 0.9 * a[i] + 0.1 * g;
          const double s = g / (std::sqrt(v[i] - (centered ? a[i] * a[i] : 0)) + 1e-8);
          m[i] = momentum * m[i] + s;
          twin[i] -= 0.05 * (momentum > 0 ? m[i] : s);
        }
      }
      for (size_t i = 0; i < 3; ++i) CHECK(w.values()[i] == doctest::Approx(twin[i]).epsilon(1e-3));
    }
  }
  CHECK_THROWS_AS(optim::RMSprop({Parameter(ones({1}))}, {.alpha = 1}), Error);
}

TEST_CASE("optim. clipping by norm scales all gradients together") {
  Parameter a(ones({2})), b(ones({1})), without(ones({1}));
  set_grad(a, {3, 0});
  set_grad(b, {4});
  CHECK(optim::clip_grad_norm({a, b, without}, 10) == doctest::Approx(5));
  CHECK(a.grad().to_vector() == Values{3, 0});
  CHECK(optim::clip_grad_norm({a, b, without}, 2.5) == doctest::Approx(5));
  CHECK(a.grad().values()[0] == doctest::Approx(1.5));
  CHECK(b.grad().item() == doctest::Approx(2));
  set_grad(b, {std::numeric_limits<float>::infinity()});
  CHECK_THROWS_AS(optim::clip_grad_norm({a, b}, 1), Error);
  CHECK(a.grad().values()[0] == doctest::Approx(1.5));
  optim::clip_grad_value({a, b}, 1);
  CHECK(a.grad().to_vector() == Values{1, 0});
  CHECK(b.grad().item() == 1);
}

TEST_CASE("optim. the moving average starts at the weights, follows them, and swaps") {
  Parameter w(tensor({2, 4}));
  optim::ExponentialMovingAverage ema({w}, 0.5);
  CHECK_THROWS_AS(ema.swap(), Error);
  ema.update();
  w.assign(tensor({4, 8}));
  ema.update();
  ema.swap();
  CHECK(w.to_vector() == Values{3, 6});
  ema.swap();
  CHECK(w.to_vector() == Values{4, 8});
}

TEST_CASE("optim. the moving average of a dead weight is zero, and cutting cuts it") {
  Parameter w(tensor({1, 2, 3, 4}, {2, 2}));
  optim::ExponentialMovingAverage ema({w}, 0.5);
  ema.update();
  Mask mask(w.shape());
  mask.set(1, false);
  w.prune(mask);
  ema.swap();
  CHECK(w.to_vector() == Values{1, 0, 3, 4});
  ema.swap();
  w.slice(0, {1});
  ema.update();
  ema.swap();
  CHECK(w.to_vector() == Values{3, 4});
}
