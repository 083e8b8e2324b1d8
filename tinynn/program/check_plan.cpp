#include <algorithm>

#include <tinynn/program/check_plan.hpp>
#include <tinynn/program/step_shapes.hpp>

namespace tinynn::deploy {
namespace {

class Checker {
 public:
  explicit Checker(const Plan& plan) : plan_(plan), made_(plan.values.size()) {}

  void run() {
    for (const Shape& shape : plan_.values) {
      int64_t numbers = 1;
      for (const int64_t size : shape) {
        check(size >= 1 && size <= most_numbers && numbers * size <= most_numbers, "plan: a value of shape ",
              shape, ", expected sizes of at least 1 and not more than 2^24 numbers");
        numbers *= size;
      }
    }
    check(is_value(plan_.input) && is_value(plan_.output), "plan: the input is value ", plan_.input,
          " and the output value ", plan_.output, " of ", plan_.values.size());
    made_[plan_.input] = true;
    for (size_t number = 0; number < plan_.steps.size(); ++number) {
      const StepReader reader(plan_, plan_.steps[number], number);
      check_values(reader);
      const Shape shape = reader.step.kind->shape(reader);
      reader.expect(reader.out() == shape, "a result of shape ", reader.out(), ", expected ", shape);
      check_activation(reader);
      made_[reader.step.output] = true;
    }
    check(made_[plan_.output], "plan: no step makes the output");
  }

 private:
  bool is_value(int v) const { return v >= 0 && static_cast<size_t>(v) < plan_.values.size(); }

  void check_values(const StepReader& reader) const {
    const Step& step = reader.step;
    const bool any = step.kind->inputs == StepKind::any;
    reader.expect(any ? !step.inputs.empty() : std::ssize(step.inputs) == step.kind->inputs,
                  step.inputs.size(), " inputs, expected ", any ? 1 : step.kind->inputs);
    for (const int v : step.inputs) {
      reader.expect(is_value(v) && made_[v], "input ", v, " is not there by then");
    }
    reader.expect(is_value(step.output) && !made_[step.output], "output ", step.output,
                  " is there already, or no value at all");
  }

  static void check_activation(const StepReader& reader) {
    const Step& step = reader.step;
    if (step.activation == nullptr) return;
    reader.expect(takes_activation(*step.kind, *step.activation), "with the activation ",
                  step.activation->name);
  }

  const Plan& plan_;
  std::vector<bool> made_;
};

}  // namespace

void check_plan(const Plan& plan) { Checker(plan).run(); }

}  // namespace tinynn::deploy
