// The promise that pruning stands on: dead weights and their moments are zero after every step, and the
// living go exactly where they would have gone in a network that never had the dead ones.
#include <bit>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/optim/lion.hpp>
#include <tinynn/optim/rmsprop.hpp>
#include <tinynn/optim/sgd.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/moments.hpp"

using namespace tinynn;

namespace {

using Make = std::function<std::unique_ptr<optim::Optimizer>(std::vector<Parameter>)>;

template <class O, class Options>
Make maker(const Options& options) {
  return [options](std::vector<Parameter> parameters) {
    return std::make_unique<O>(std::move(parameters), options);
  };
}

std::vector<std::pair<std::string, Make>> all_optimizers() {
  std::vector<std::pair<std::string, Make>> result;
  for (double decay : {0.0, 0.02}) {
    for (double l1 : {0.0, 0.01}) {
      const std::string with = " with decay " + std::to_string(decay) + ", l1 " + std::to_string(l1);
      auto sgd = [&](double momentum, bool nesterov) {
        return maker<optim::SGD>(optim::SGDOptions{
            .lr = 0.05, .momentum = momentum, .weight_decay = decay, .nesterov = nesterov, .l1 = l1});
      };
      result.emplace_back("SGD" + with, sgd(0, false));
      result.emplace_back("SGD with momentum" + with, sgd(0.9, false));
      result.emplace_back("Nesterov" + with, sgd(0.9, true));
      result.emplace_back(
          "Adam" + with, maker<optim::Adam>(optim::AdamOptions{.lr = 0.01, .weight_decay = decay, .l1 = l1}));
      result.emplace_back("AdamW" + with, maker<optim::AdamW>(optim::AdamWOptions{
                                              .lr = 0.01, .weight_decay = decay, .l1 = l1}));
      result.emplace_back(
          "Lion" + with, maker<optim::Lion>(optim::LionOptions{.lr = 0.01, .weight_decay = decay, .l1 = l1}));
      auto rmsprop = [&](double momentum, bool centered) {
        return maker<optim::RMSprop>(optim::RMSpropOptions{
            .weight_decay = decay, .momentum = momentum, .centered = centered, .l1 = l1});
      };
      result.emplace_back("RMSprop" + with, rmsprop(0, false));
      result.emplace_back("centered RMSprop with momentum" + with, rmsprop(0.9, true));
    }
  }
  return result;
}

// A masked parameter, and a plain one that lives the same life with masked gradients.
struct Couple {
  explicit Couple(const Tensor& value) : masked(value), plain(value) {}
  Parameter masked, plain;

  // Kills, or with `replace` also revives. The plain one is zeroed by hand.
  void receive(const Mask& mask, bool replace) {
    if (replace) {
      masked.set_mask(mask);
    } else {
      masked.prune(mask);
    }
    plain.update([&](std::span<float> value) { masked.mask().select(value.data()); });
    for (Tensor& moment : test::moments_of(plain)) masked.mask().select(moment.mutable_data());
  }

  void give_gradients(test::Draw& draw) {
    Tensor grad = draw.tensor(masked.shape());
    Tensor selected = grad.clone();
    masked.mask().select(selected.mutable_data());
    test::give_gradient(plain, selected);
    if (draw.coin()) {
      test::give_gradient(masked, grad);
    } else {
      // Also when the gradient of the dead is asked for, and is garbage, it does not get through a step.
      const DenseGrad dense({masked});
      for (int64_t i = 0; i < grad.numel(); ++i) {
        if (!masked.mask()[i] && draw.chance(0.1)) grad.mutable_data()[i] = test::not_a_number;
      }
      test::give_gradient(masked, grad);
    }
  }

  // Where the couple parted or something dead moved, in words; empty if nowhere.
  std::string check() const {
    const auto moments = test::moments_of(masked), plain_moments = test::moments_of(plain);
    std::string trouble = test::bit_difference(masked.values(), plain.values());
    if (!trouble.empty()) return "value: " + trouble;
    for (size_t k = 0; k < moments.size(); ++k) {
      trouble = test::bit_difference(moments[k].values(), plain_moments[k].values());
      if (!trouble.empty()) return "moment " + std::to_string(k) + ": " + trouble;
    }
    for (int64_t i = 0; i < masked.numel(); ++i) {
      if (masked.mask()[i]) continue;
      if (std::bit_cast<uint32_t>(masked.data()[i]) != 0) return "a dead weight moved";
      for (const Tensor& moment : moments) {
        if (std::bit_cast<uint32_t>(moment.data()[i]) != 0) return "a dead moment moved";
      }
    }
    return "";
  }
};

void run(const Make& make, uint64_t seed, int steps) {
  test::Draw draw(seed);
  std::vector<Couple> couples;
  std::vector<Parameter> masked, plain;
  for (const Shape& shape : {Shape{5, 7}, Shape{3, 2, 3, 3}, Shape{11}, Shape{1, 1}}) {
    couples.emplace_back(draw.tensor(shape));
    couples.back().receive(draw.mask(shape), true);
    masked.push_back(couples.back().masked);
    plain.push_back(couples.back().plain);
  }
  const auto optimizer = make(masked), plain_optimizer = make(plain);
  for (int step = 0; step < steps; ++step) {
    CAPTURE(step);
    for (Couple& couple : couples) {
      if (draw.chance(0.02)) couple.receive(draw.mask(couple.masked.shape(), 0.8), false);
      if (draw.chance(0.04)) couple.receive(draw.mask(couple.masked.shape(), draw.coin() ? 0.5 : 0.15), true);
      REQUIRE(couple.check() == "");
      couple.give_gradients(draw);
    }
    optimizer->step();
    plain_optimizer->step();
    for (const Couple& couple : couples) REQUIRE(couple.check() == "");
  }
}

// An optimizer that does its worst.
class Vandal : public optim::Optimizer {
 public:
  explicit Vandal(std::vector<Parameter> parameters)
      : Optimizer({Group{.parameters = std::move(parameters), .moments_each = 2, .lr = 1, .l1 = 0}}) {}

 private:
  void update(const Slot& slot) override {
    for (float& value : slot.value) value = test::not_a_number;
    for (float* moment : slot.moments) std::fill_n(moment, slot.value.size(), test::infinity);
    if (slot.steps > 1) fail("vandal: enough");
  }
};

}  // namespace

TEST_CASE("optim. 1,000 steps of every optimizer keep the mask invariant and change nothing else") {
  uint64_t seed = 40;
  for (const auto& entry : all_optimizers()) {
    CAPTURE(entry.first);
    run(entry.second, seed++, 1000);
  }
}

TEST_CASE("optim. not even a broken optimizer breaks the mask invariant") {
  test::Draw draw(60);
  Parameter p(draw.tensor({4, 4}));
  const Mask mask = draw.mask({4, 4});
  p.prune(mask);
  Vandal vandal({p});
  test::give_gradient(p, draw.tensor({4, 4}));
  CHECK_NOTHROW(vandal.step());
  CHECK_THROWS_AS(vandal.step(), Error);
  CHECK(test::moments_of(p).size() == 2);
  for (int64_t i = 0; i < 16; ++i) {
    CHECK(std::isnan(p.data()[i]) == mask[i]);
    for (const Tensor& moment : test::moments_of(p))
      CHECK(moment.data()[i] == (mask[i] ? test::infinity : 0));
  }
}
