// Optimizer: turns gradients into steps. step() is not virtual: it lets the optimizer proper update() each
// parameter and then restores the mask invariant, so that a new optimizer cannot break it.
//
// Parameters may come in groups with settings of their own, as in PyTorch:
//   optim::SGD sgd({{weights, {.lr = 0.1, .weight_decay = 5e-4}}, {biases, {.lr = 0.1}}});
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/core/state.hpp>

namespace tinynn::optim {

/// Parameters that share settings.
template <class Options>
struct ParamGroup {
  std::vector<Parameter> parameters;
  Options options;
};

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

  int64_t groups() const { return static_cast<int64_t>(groups_.size()); }
  /// The learning rate of a group. Throws Error if there is no such group.
  double lr(int64_t group = 0) const;
  /// Sets the rate of one group. Throws Error if it is negative or there is no such group.
  void set_lr(double lr, int64_t group);
  /// Sets the rate of all groups.
  void set_lr(double lr);
  /// Those of all groups.
  std::vector<Parameter> parameters() const;
  /// Rates, moments, and the steps of each parameter. The parameters have to be there already.
  void state(StateVisitor& visit);

  /// What update() works on. It reads grad and writes value and moments, all of the same length: those of a
  /// whole parameter, or, where few are alive, of its live elements alone. What becomes of an element must
  /// not depend on its place.
  struct Slot {
    int64_t group;
    double lr;
    int64_t steps;  // that this parameter has had, this one included
    std::span<float> value = {};
    std::span<const float> grad = {};
    std::vector<float*> moments = {};
  };

 protected:
  /// What the base class has to know of a group.
  struct Group {
    std::vector<Parameter> parameters;
    int64_t moments_each;  // tensors to keep for each parameter, zero at first
    double lr, l1;
  };
  /// Throws Error on negative settings, an undefined parameter, or one that appears twice.
  explicit Optimizer(std::vector<Group> groups);

  virtual void update(const Slot& slot) = 0;

 private:
  struct State {
    Parameter parameter;
    int64_t group;
    std::shared_ptr<autograd::Moments> moments;
    int64_t steps = 0;
  };
  void step(State& state);

  std::vector<Group> groups_;
  std::vector<State> states_;  // one for each parameter
};

/// The optimizer with these options: lr, l1 and others; `moments()`, the tensors that are kept for each
/// parameter; `validate()`, which throws Error on settings out of range; and `update()`, the formula.
template <class Options>
class OptimizerOf : public Optimizer {
 public:
  explicit OptimizerOf(std::vector<Parameter> parameters, const Options& options = {})
      : OptimizerOf(std::vector<ParamGroup<Options>>{{std::move(parameters), options}}) {}
  explicit OptimizerOf(const std::vector<ParamGroup<Options>>& groups) : Optimizer(base_groups(groups)) {
    for (const auto& group : groups) {
      group.options.validate();
      options_.push_back(group.options);
    }
  }

 private:
  void update(const Slot& slot) override { options_[static_cast<size_t>(slot.group)].update(slot); }

  static std::vector<Group> base_groups(const std::vector<ParamGroup<Options>>& groups) {
    std::vector<Group> result;
    for (const auto& [parameters, options] : groups)
      result.push_back({parameters, options.moments(), options.lr, options.l1});
    return result;
  }

  std::vector<Options> options_;  // one for each group
};

/// The proximal operator of threshold * |w|, in place: w = sign(w) max(|w| - threshold, 0). NaN stays NaN.
void soft_threshold(std::span<float> values, double threshold);

}  // namespace tinynn::optim
