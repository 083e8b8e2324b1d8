// Every optimizer against PyTorch's formulas, written down again in double precision.
#include <cmath>
#include <functional>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/optim/adam.hpp>
#include <tinynn/optim/lion.hpp>
#include <tinynn/optim/sgd.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/moments.hpp"

using namespace tinynn;

namespace {

using Doubles = std::vector<double>;
/// Changes w, given the gradient, the step counted from 1 and the learning rate.
using Formula = std::function<void(Doubles& w, const Doubles& grad, int step, double lr)>;

Formula sgd(double momentum, double decay, bool nesterov) {
  return [=, buffer = Doubles()](Doubles& w, const Doubles& grad, int step, double lr) mutable {
    if (step == 1) buffer.resize(w.size());
    for (size_t i = 0; i < w.size(); ++i) {
      double g = grad[i] + decay * w[i];
      if (momentum != 0) {
        buffer[i] = step == 1 ? g : momentum * buffer[i] + g;
        g = nesterov ? g + momentum * buffer[i] : buffer[i];
      }
      w[i] -= lr * g;
    }
  };
}

Formula adam(double beta1, double beta2, double eps, double decay, bool decoupled) {
  return [=, m = Doubles(), v = Doubles()](Doubles& w, const Doubles& grad, int step, double lr) mutable {
    if (step == 1) m = v = Doubles(w.size());
    const double bias1 = 1 - std::pow(beta1, step), bias2 = 1 - std::pow(beta2, step);
    for (size_t i = 0; i < w.size(); ++i) {
      if (decoupled) w[i] *= 1 - lr * decay;
      const double g = grad[i] + (decoupled ? 0 : decay * w[i]);
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      w[i] -= lr / bias1 * m[i] / (std::sqrt(v[i]) / std::sqrt(bias2) + eps);
    }
  };
}

// Chen et al. 2023, algorithm 2.
Formula lion(double beta1, double beta2, double decay) {
  return [=, m = Doubles()](Doubles& w, const Doubles& grad, int step, double lr) mutable {
    if (step == 1) m = Doubles(w.size());
    for (size_t i = 0; i < w.size(); ++i) {
      const double c = beta1 * m[i] + (1 - beta1) * grad[i];
      w[i] -= lr * ((c > 0 ? 1.0 : c < 0 ? -1.0 : 0.0) + decay * w[i]);
      m[i] = beta2 * m[i] + (1 - beta2) * grad[i];
    }
  };
}

void compare(Parameter& p, optim::Optimizer& optimizer, const Formula& formula) {
  test::Draw draw(70);
  Doubles w(p.values().begin(), p.values().end());
  for (int step = 1; step <= 50; ++step) {
    CAPTURE(step);
    if (step == 25) optimizer.set_lr(optimizer.lr() / 2);  // as a schedule does
    const Tensor grad = draw.tensor(p.shape());
    test::give_gradient(p, grad);
    optimizer.step();
    formula(w, Doubles(grad.values().begin(), grad.values().end()), step, optimizer.lr());
    REQUIRE(test::difference(p.values(), w, 1e-5) == "");
  }
}

Parameter start() { return Parameter(test::Draw(71).tensor({6, 9})); }

}  // namespace

TEST_CASE("optim. SGD follows PyTorch's formula") {
  struct Case {
    double momentum, decay;
    bool nesterov;
  };
  for (const Case& c : {Case{0, 0, false}, Case{0, 0.1, false}, Case{0.9, 0, false}, Case{0.9, 0.1, false},
                        Case{0.9, 0, true}, Case{0.5, 0.1, true}}) {
    CAPTURE(c.momentum);
    CAPTURE(c.decay);
    CAPTURE(c.nesterov);
    Parameter p = start();
    optim::SGD optimizer(
        {p}, {.lr = 0.05, .momentum = c.momentum, .weight_decay = c.decay, .nesterov = c.nesterov});
    compare(p, optimizer, sgd(c.momentum, c.decay, c.nesterov));
  }
}

TEST_CASE("optim. Adam follows PyTorch's formula, with L2 through the moments") {
  for (double decay : {0.0, 0.1}) {
    CAPTURE(decay);
    Parameter p = start();
    optim::Adam optimizer({p}, {.lr = 0.01, .weight_decay = decay});
    compare(p, optimizer, adam(0.9, 0.999, 1e-8, decay, false));
  }
  Parameter p = start();
  optim::Adam optimizer({p}, {.lr = 0.1, .beta1 = 0.5, .beta2 = 0.8, .eps = 0.1});  // eps outside the root
  compare(p, optimizer, adam(0.5, 0.8, 0.1, 0, false));
}

TEST_CASE("optim. AdamW follows PyTorch's formula, with decay on the weights alone") {
  for (double decay : {0.0, 0.01, 0.5}) {
    CAPTURE(decay);
    Parameter p = start();
    optim::AdamW optimizer({p}, {.lr = 0.01, .weight_decay = decay});
    compare(p, optimizer, adam(0.9, 0.999, 1e-8, decay, true));
  }
}

TEST_CASE("optim. Lion follows its paper's formula") {
  for (double decay : {0.0, 0.1}) {
    CAPTURE(decay);
    Parameter p = start();
    optim::Lion optimizer({p}, {.lr = 0.01, .weight_decay = decay});
    compare(p, optimizer, lion(0.9, 0.99, decay));
  }
  Parameter p = start();
  optim::Lion optimizer({p}, {.lr = 0.01, .beta1 = 0.5, .beta2 = 0.8});
  compare(p, optimizer, lion(0.5, 0.8, 0));
  Parameter still(zeros({3}));
  optim::Lion none({still}, {.lr = 0.01});
  test::give_gradient(still, zeros({3}));
  none.step();
  CHECK(test::bit_difference(still.values(), zeros({3}).values()) == "");
}

TEST_CASE("optim. Lion's momentum becomes zero, not a denormal number") {
  Parameter p(ones({2}));
  optim::Lion lion({p}, {.lr = 0.01});
  test::give_gradient(p, tensor({1e-37F, -1e-37F}));  // of which it keeps a hundredth
  lion.step();
  CHECK(test::moments_of(p)[0].to_vector() == std::vector<float>{0, 0});
}

TEST_CASE("optim. defaults are PyTorch's") {
  CHECK(optim::SGDOptions{}.lr == 1e-3);
  CHECK(optim::AdamOptions{}.lr == 1e-3);
  CHECK(optim::AdamOptions{}.beta1 == 0.9);
  CHECK(optim::AdamOptions{}.beta2 == 0.999);
  CHECK(optim::AdamOptions{}.eps == 1e-8);
  CHECK(optim::AdamOptions{}.weight_decay == 0);
  CHECK(optim::AdamWOptions{}.weight_decay == 1e-2);
}

TEST_CASE("optim. a large parameter is updated as its pieces would be, on any number of threads") {
  const int64_t rows = 300, columns = 300;  // several pieces of work
  test::Draw draw(72);
  const Tensor value = draw.tensor({rows, columns}), grad = draw.tensor({rows, columns});
  Parameter whole(value), head(tensor(value.values().first(7), {7}));
  optim::Adam optimizer({whole, head}, {.lr = 0.01});
  for (int step = 0; step < 3; ++step) {
    test::give_gradient(whole, grad);
    test::give_gradient(head, tensor(grad.values().first(7), {7}));
    optimizer.step();
  }
  CHECK(test::bit_difference(whole.values().first(7), head.values()) == "");
}
