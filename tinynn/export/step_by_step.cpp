#include <algorithm>

#include <tinynn/export/step_by_step.hpp>
#include <tinynn/program/memory_plan.hpp>

namespace tinynn::deploy {

StepByStep::StepByStep(const Plan& plan) : input_(plan.input), output_(plan.output) {
  int64_t memory_size = 0, scratch_size = 0;
  for (const Shape& shape : plan.values) {
    sizes_.push_back(static_cast<size_t>(shape.numel()));
    slots_.push_back({Slot::Base::memory, memory_size, 0});
    memory_size += padded(shape.numel());
  }
  for (const Step& step : plan.steps) {
    if (step.kind->make == nullptr) slots_[step.output] = slots_[step.inputs[0]];
    stages_.push_back({make_instruction(plan, step, slots_, Order::sample, scratch_size),
                       make_activation(plan, step, slots_[step.output], Order::sample), step.output});
  }
  memory_ = Buffer(memory_size);
  scratch_ = Buffer(scratch_size);
  std::fill_n(memory_.data(), memory_size, 0.0F);
  std::fill_n(scratch_.data(), scratch_size, 0.0F);
}

std::span<const float> StepByStep::run(const float* sample, const Visit& visit) {
  const Frame frame{memory_.data(), scratch_.data(), nullptr, nullptr, 0, 1};
  std::ranges::copy_n(sample, std::ssize(numbers(input_)), numbers(input_).begin());
  visit(input_, numbers(input_));
  for (const Stage& stage : stages_) {
    if (stage.instruction) stage.instruction(frame);
    if (stage.activation) stage.activation(frame);
    visit(stage.output, numbers(stage.output));
  }
  return numbers(output_);
}

}  // namespace tinynn::deploy
