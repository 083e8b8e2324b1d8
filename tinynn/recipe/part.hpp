// Parts of a run: what acts around the steps of training, each with a state of its own.
#pragma once

#include <cstdint>
#include <vector>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/core/state.hpp>

namespace tinynn::recipe {

/// Where a step is in its training.
struct StepOf {
  int64_t step, steps;     // counted from 0
  bool pruned;             // whether it is fine-tuning, or a ramp
  int64_t first = 0;       // step from which masks may be updated
  int64_t to_update = -1;  // steps until they are, 0: after this one; -1: not in this training
  int64_t alive = 0;       // how many of the chosen weights the last cut left
  double lr = 0;           // of the optimizer, after its step
};

class Part {
 public:
  Part() = default;
  virtual ~Part() = default;
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  /// Before the forward pass.
  virtual void before_step(const StepOf&) {}
  /// To be added to the loss; undefined for none.
  virtual Tensor penalty() { return {}; }
  /// What it trains besides the optimizer's parameters.
  virtual std::vector<Parameter> parameters() { return {}; }
  /// After the optimizer's step; gradients are still there.
  virtual void after_step(const StepOf&) {}
  /// After the dense training.
  virtual void end_dense() {}
  /// After the last fine-tuning: what is cut stays cut.
  virtual void end() {}
  /// What it has learned. Comes before the module's state, whose weights it may hang on.
  virtual void state(StateVisitor&) {}
};

/// Lets dead weights come back while fine-tuning.
class Regrower : public Part {
 public:
  /// Whether it cuts by itself, in place of the granularity.
  virtual bool cuts() const { return false; }
  virtual void cut(double /*sparsity*/) {}
  virtual double sparsity() const { return 0; }
};

}  // namespace tinynn::recipe
