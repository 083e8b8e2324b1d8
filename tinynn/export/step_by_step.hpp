// StepByStep: runs a plan in floats one sample and one step at a time, so that every value can be looked at,
// as calibration does; Program is the fast one.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include <tinynn/core/buffer.hpp>
#include <tinynn/program/instructions.hpp>

namespace tinynn::deploy {

class StepByStep {
 public:
  explicit StepByStep(const Plan& plan);

  /// Called with the input and then with the output of each step: the index of the value in the plan, its
  /// numbers.
  using Visit = std::function<void(int value, std::span<const float> numbers)>;
  /// The output for one sample of the plan's input shape; it is there until the next call.
  std::span<const float> run(const float* sample, const Visit& visit);

 private:
  struct Stage {
    Instruction instruction, activation;
    int output;
  };

  std::span<float> numbers(int value) { return {memory_.data() + slots_[value].offset, sizes_[value]}; }

  int input_, output_;
  std::vector<size_t> sizes_;  // of values
  std::vector<Slot> slots_;
  std::vector<Stage> stages_;
  Buffer memory_, scratch_;
};

}  // namespace tinynn::deploy
