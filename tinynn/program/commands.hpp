// Commands: steps of a plan, ready to run on memory that is laid out in advance.
#pragma once

#include <functional>

#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

/// Samples of a block, in which a number of all samples lies side by side: values are (numbers, block).
inline constexpr int64_t block_size = 64;

/// How a command sees its values: one sample after the other, or a block of them.
enum class Order { sample, block };

/// What one command works on.
struct Run {
  float* memory;            // of values
  float* scratch;           // of commands; zero at first, and what one wrote only it writes
  const float* x;           // of the first sample of the block
  float* y;                 // the same
  int64_t sample, samples;  // the number of this one in the block, and how many there are
};

/// Where a value is. Those that outlive the turn of one sample have a place for each.
struct Place {
  enum class Of { memory, x } of = Of::memory;
  int64_t offset = 0, of_each_sample = 0;  // floats

  float* operator()(const Run& run) const { return run.memory + offset + run.sample * of_each_sample; }
  const float* read(const Run& run) const {
    return of == Of::x ? run.x + run.sample * of_each_sample : (*this)(run);
  }
};

using Command = std::function<void(const Run& run)>;

/// The command of a step of this plan. `scratch_size` grows by the scratch memory that it wants. None, a
/// command that is false, for a reshape: its two values have to be in one place.
Command make_command(const Plan& plan, const Step& step, const std::vector<Place>& places, Order order,
                     int64_t& scratch_size);

// Of the kinds that multiply by a weight, in files of their own.
Command make_linear(const Step& step, Place x, Place y, Order order, int64_t& scratch_size);
Command make_conv2d(const Step& step, const Shape& in, Place x, Place y, int64_t& scratch_size);

/// x[i] = f(x[i])
void activate(Activation activation, double slope, int64_t count, float* x);

}  // namespace tinynn::deploy
