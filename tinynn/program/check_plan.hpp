// What a plan has to keep to, so that a program of it reads and writes nothing but its own memory: for plans
// from files and plans written by hand.
#pragma once

#include <tinynn/core/error.hpp>
#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

/// Throws Error, naming the step by number and kind, unless every step reads values that are there by then,
/// writes one that nothing wrote before, has the weights of its kind, and gives the shape that its value has.
void check_plan(const Plan& plan);

/// What a row's `shape` gets: a step whose inputs are there, and a way to refuse it.
class StepReader {
 public:
  StepReader(const Plan& plan, const Step& of, size_t number) : step(of), plan_(plan), number_(number) {}

  const Step& step;

  const Shape& in(size_t i = 0) const { return plan_.values[step.inputs[i]]; }
  const Shape& out() const { return plan_.values[step.output]; }

  template <class... Parts>
  void expect(bool holds, const Parts&... parts) const {
    check(holds, "plan: step ", number_, ", ", step.kind->name, ": ", parts...);
  }

 private:
  const Plan& plan_;
  size_t number_;
};

}  // namespace tinynn::deploy
