#include <algorithm>
#include <cmath>

#include <tinynn/program/check_plan.hpp>
#include <tinynn/program/eight_bits.hpp>
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
    check_formats();
    for (size_t number = 0; number < plan_.steps.size(); ++number) {
      const StepReader reader(plan_, plan_.steps[number], number);
      check_values(reader);
      const Shape shape = reader.step.kind->shape(reader);
      reader.expect(reader.out() == shape, "a result of shape ", reader.out(), ", expected ", shape);
      check_activation(reader);
      check_bytes(reader);
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

  void check_formats() const {
    if (plan_.formats.empty()) return;
    check(plan_.formats.size() == plan_.values.size(), "plan: ", plan_.formats.size(), " formats of ",
          plan_.values.size(), " values");
    for (const NumberFormat& format : plan_.formats)
      check(std::isfinite(format.scale) && format.scale > 0, "plan: numbers times ", format.scale,
            ", expected finite scales above 0");
    check(plan_.format(plan_.output).is_float(), "plan: the output is not in floats");
  }

  // What keeps sums in 32 bits, and numbers what they are stored as.
  void check_bytes(const StepReader& reader) const {
    const Step& step = reader.step;
    const NumberFormat read = plan_.format(step.inputs[0]), made = plan_.format(step.output);
    reader.expect(!step.kind->selects || (read.type == made.type && read.scale == made.scale),
                  "another format than it reads, which it gives as it is");
    reader.expect(!step.kind->in_floats || read.is_float(), "an input that is not in floats");
    const bool whole = step.kind->has_weight && !plan_.formats.empty();
    const auto scales = static_cast<int64_t>(step.weight_scales.size());
    reader.expect(scales == (whole ? step.bias.numel() : 0), scales, " scales of a weight, expected ",
                  whole ? step.bias.numel() : 0);
    const int64_t each = whole ? step.weight.shape().inner(0) : 0;
    for (int64_t o = 0; o < scales; ++o) {
      const float scale = step.weight_scales[o], of_sums = scale_of_sums(plan_, step, o);
      reader.expect(std::isfinite(of_sums) && of_sums > 0 && std::isfinite(scale) && scale > 0,
                    "a weight times ", scale, ", sums times ", of_sums, ", expected finite scales above 0");
      double most = static_cast<double>(std::abs(step.bias.data()[o] / of_sums));
      for (const float w : step.weight.values().subspan(o * each, each)) {
        const float steps = std::nearbyint(w / scale);
        reader.expect(std::abs(steps) <= 127 && steps * scale == w, "a weight of ", w, " in steps of ",
                      scale);
        most += static_cast<double>(std::abs(steps) * read.highest());
      }
      reader.expect(read.is_float() || most < 0x1p31, "sums that do not fit into 32 bits");
    }
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
