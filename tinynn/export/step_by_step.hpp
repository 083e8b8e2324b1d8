// StepByStep: runs a plan one sample and one step at a time, so that every value can be looked at, and
// changed, before the next step reads it. For calibration and for trying out coarser numbers; Program is the
// fast one.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include <tinynn/core/buffer.hpp>
#include <tinynn/program/commands.hpp>

namespace tinynn::deploy {

class StepByStep {
 public:
  explicit StepByStep(const Plan& plan);

  /// Sees the input and then what each step gives: the number of the value in the plan, and its numbers.
  using Look = std::function<void(int value, std::span<float> numbers)>;
  /// The output for one sample of the plan's input shape; it is there until the next call.
  std::span<const float> run(const float* sample, const Look& look);

 private:
  struct Stage {
    Command command, activation;
    int output;
  };

  std::span<float> numbers(int value) {
    const auto v = static_cast<size_t>(value);
    return {memory_.data() + places_[v].offset, sizes_[v]};
  }

  int input_, output_;
  std::vector<size_t> sizes_;  // of values
  std::vector<Place> places_;
  std::vector<Stage> stages_;
  Buffer memory_, scratch_;
};

}  // namespace tinynn::deploy
