// Optimizer: turns gradients into steps. step() is not virtual: it lets the optimizer proper update() each
// parameter and then restores the mask invariant, so that a new optimizer cannot break it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <tinynn/autograd/parameter.hpp>

namespace tinynn::optim {

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// One step on every parameter that has a gradient; others are left alone. In this order, for each:
  /// update(); the proximal L1 step w = sign(w) max(|w| - lr l1, 0) on parameters of rank two and more;
  /// dead weights and their moments back to zero.
  void step();
  /// Makes all gradients undefined.
  void zero_grad();

  double lr() const { return lr_; }
  /// Throws Error if negative.
  void set_lr(double lr);
  const std::vector<Parameter>& parameters() const { return parameters_; }

 protected:
  /// Throws Error on negative settings, an undefined parameter, or one that appears twice.
  Optimizer(std::vector<Parameter> parameters, int64_t moments_each, double lr, double l1);

  /// What update() works on: `count` elements of each. Reads grad, writes value and moments.
  struct Slot {
    std::span<float> value;
    std::span<const float> grad;
    std::vector<float*> moments;  // as many as asked for, zero at first
    int64_t steps;                // that this parameter has had, this one included
  };
  virtual void update(const Slot& slot) = 0;

 private:
  struct State {
    std::shared_ptr<autograd::Moments> moments;
    int64_t steps = 0;
  };
  std::vector<Parameter> parameters_;
  std::vector<State> states_;
  double lr_, l1_;
};

}  // namespace tinynn::optim
