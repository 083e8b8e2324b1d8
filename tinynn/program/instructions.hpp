// Instructions: steps of a plan, ready to run on memory that is laid out in advance.
#pragma once

#include <utility>
#include <vector>

#include <tinynn/kernels/conv2d.hpp>
#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

/// Samples of a block, in which a number of all samples lies side by side: values are (numbers, block).
inline constexpr int64_t block_size = 64;

/// How a instruction sees its values: one sample after the other, or a block of them.
enum class Order { sample, block };

/// What one instruction works on.
struct Frame {
  float* memory;            // of values
  float* scratch;           // of instructions; zero at first; each instruction writes a part of its own
  const float* x;           // of the first sample of the block
  float* y;                 // the same
  int64_t sample, samples;  // the number of this one in the block, and how many there are
};

/// Where a value is: floats, or bytes from there on. Those that outlive the turn of one sample have a place
/// for each; those that lie pixel by pixel (pixel_order.hpp) have room for another pixel before their first.
struct Slot {
  enum class Base { memory, scratch, x } base = Base::memory;
  int64_t offset = 0, per_sample = 0;  // floats
  bool by_pixels = false;

  float* operator()(const Frame& frame) const {
    return (base == Base::scratch ? frame.scratch : frame.memory) + offset + frame.sample * per_sample;
  }
  const float* read(const Frame& frame) const {
    return base == Base::x ? frame.x + frame.sample * per_sample : (*this)(frame);
  }
};

/// What a row's `make` gets: a step of a plan, where its values are, and in which order. To most steps a
/// block of samples is a sample of which every number is a row of `width`.
class StepMaker {
 public:
  StepMaker(const Plan& plan, const Step& of, const std::vector<Slot>& slots, Order in_order,
            int64_t& scratch_size)
      : step(of), order(in_order), plan_(plan), slots_(slots), scratch_size_(scratch_size) {}

  const Step& step;
  const Order order;

  const Plan& plan() const { return plan_; }
  const Shape& in(size_t i = 0) const { return plan_.values[step.inputs[i]]; }
  const Shape& out() const { return plan_.values[step.output]; }
  NumberFormat format_in(size_t i = 0) const { return plan_.format(step.inputs[i]); }
  NumberFormat format_out() const { return plan_.format(step.output); }
  Slot x(size_t i = 0) const { return slots_[step.inputs[i]]; }
  Slot y() const { return slots_[step.output]; }
  int64_t width() const { return order == Order::block ? block_size : 1; }
  int64_t count() const { return out().numel() * width(); }
  /// Scratch memory of so many floats; returns where it begins, a multiple of a block's size.
  int64_t scratch(int64_t floats) const {
    return std::exchange(scratch_size_, scratch_size_ + kernels::round_up(floats, block_size));
  }

 private:
  const Plan& plan_;
  const std::vector<Slot>& slots_;
  int64_t& scratch_size_;
};

/// The instruction of a step of this plan. `scratch_size` grows by the scratch memory that it needs. None, a
/// instruction that is false, for a reshape: its two values have to be in one place.
Instruction make_instruction(const Plan& plan, const Step& step, const std::vector<Slot>& slots, Order order,
                             int64_t& scratch_size);

/// What applies the step's activation to what it gave; none if it has none, or did that by itself.
Instruction make_activation(const Plan& plan, const Step& step, Slot y, Order order);

// Of the kinds that multiply by a weight, in a file of their own.
Instruction make_linear(const StepMaker& step);
Instruction make_conv2d(const StepMaker& step);
kernels::Conv2dSizes conv2d_sizes(const Plan& plan, const Step& step);  // of one sample
bool is_by_winograd(const Plan& plan, const Step& step);

// Of plans in eight bits. Bytes of a block lie four numbers to a word: (numbers / 4, block).
bool in_bytes(const Plan& plan, const Step& step);         // whether one of its values is
Instruction make_byte_instruction(const StepMaker& step);  // of such a step, with its activation
Instruction make_quantization(int64_t count, const NumberFormat& format, Slot x, Slot y);  // of floats x

}  // namespace tinynn::deploy
