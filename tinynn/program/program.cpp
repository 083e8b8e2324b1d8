#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>

#include <tinynn/core/buffer.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/program/eight_bits.hpp>
#include <tinynn/program/instructions.hpp>
#include <tinynn/program/memory_plan.hpp>
#include <tinynn/program/pixel_order.hpp>
#include <tinynn/program/program.hpp>

namespace tinynn::deploy {
namespace {

// Fewer samples than this go through linear layers one by one.
constexpr int64_t fewest_in_block = 4;

// The first of the last steps that a block can take as a whole: all behind it work on rows of numbers, those
// of bytes by a weight.
size_t first_of_block(const Plan& plan) {
  size_t first = plan.steps.size();
  const auto is_row = [&](int v) { return plan.values[v].rank() == 1; };
  const auto goes_by_block = [&](const Step& step) {
    return std::ranges::all_of(step.inputs, is_row) && is_row(step.output) &&
           (!in_bytes(plan, step) || step.kind == &steps::reshape ||
            (step.kind == &steps::linear && sums_are_whole(plan, step)));
  };
  while (first > 0 && goes_by_block(plan.steps[first - 1])) --first;
  while (first < plan.steps.size() && plan.steps[first].kind != &steps::linear) ++first;
  return first;
}

// Puts relu behind max_pool2d, where there is less of it: the same numbers.
std::vector<Step> with_relu_behind_pooling(const Plan& plan) {
  std::vector<Step> moved = plan.steps;
  std::vector<int> readers(plan.values.size());
  std::vector<Step*> maker(plan.values.size());
  ++readers[plan.output];
  for (Step& step : moved) {
    for (const int input : step.inputs) ++readers[input];
    maker[step.output] = &step;
  }
  for (Step& step : moved) {
    const int input = step.inputs[0];
    Step* before = readers[input] == 1 ? maker[input] : nullptr;
    if (step.kind == &steps::max_pool2d && step.activation == nullptr && before != nullptr &&
        before->activation == &steps::relu)
      std::swap(step.activation, before->activation);
  }
  return moved;
}

// Of one sample: y (columns, rows) from x (rows, columns).
Instruction make_transposition(int64_t rows, int64_t columns, Slot x, Slot y) {
  return [=, transpose = kernels::simd::table().transpose](const Frame& frame) {
    transpose(rows, columns, x.read(frame), columns, y(frame), rows);
  };
}

struct OfStep {
  Instruction run;
  size_t step;  // its number in the plan; how many steps there are, for what moves numbers in and out
};

// A plan's instructions: some for each sample, then the others for the whole block.
struct InstructionList {
  std::vector<OfStep> of_sample, of_block;
  int64_t memory_size = 0, scratch_size = 0;
  std::map<int, Slot> by_channels;  // copies of values that lie pixel by pixel

  InstructionList(const Plan& plan, size_t block_begin) {
    MemoryPlan memory(plan, block_begin, values_by_pixels(plan, block_begin));
    memory_size = memory.size();
    const std::vector<Step> ordered = plan.formats.empty() ? with_relu_behind_pooling(plan) : plan.steps;
    if (const NumberFormat format = plan.format(plan.input); !format.is_float()) {
      const int64_t numbers = plan.values[plan.input].numel();
      of_sample.push_back({make_quantization(numbers, format, {Slot::Base::x, 0, numbers},
                                             memory.slot(plan.input, Order::sample)),
                           plan.steps.size()});
    }
    for (size_t i = 0; i < ordered.size(); ++i) {
      const Step& step = ordered[i];
      const bool whole = i >= block_begin;
      auto& instructions = whole ? of_block : of_sample;
      if (i == block_begin) transpose_inputs(plan, memory);
      const auto order = whole ? Order::block : Order::sample;
      std::vector<Slot> slots = memory.slots(order);
      const bool reads_channels = !whole && !goes_by_pixels(plan, step);
      const Slot y = slots[step.output];
      if (reads_channels) {
        for (const int input : step.inputs) read_by_channels(plan, input, slots[input], i);
        if (y.by_pixels) slots[step.output] = in_scratch(plan, step.output);
      }
      Instruction instruction = make_instruction(plan, step, slots, order, scratch_size);
      if (instruction) instructions.push_back({std::move(instruction), i});
      if (Instruction activation = make_activation(plan, step, slots[step.output], order))
        instructions.push_back({std::move(activation), i});
      if (reads_channels && y.by_pixels) {
        const Shape& shape = plan.values[step.output];
        of_sample.push_back({make_transposition(shape[0], shape.inner(0), slots[step.output], y), i});
      }
    }
    const bool whole = block_begin < plan.steps.size();
    const Slot result = memory.slot(plan.output, whole ? Order::block : Order::sample);
    const int64_t numbers = plan.values[plan.output].numel();
    if (whole) {
      const auto transpose = kernels::simd::table().transpose;
      of_block.push_back({[=](const Frame& frame) {
                            transpose(numbers, frame.samples, result(frame), block_size, frame.y, numbers);
                          },
                          plan.steps.size()});
    } else {
      of_sample.push_back({[=](const Frame& frame) {
                             std::copy_n(result.read(frame), numbers, frame.y + frame.sample * numbers);
                           },
                           plan.steps.size()});
    }
  }

  Slot in_scratch(const Plan& plan, int value) {
    const int64_t floats = kernels::round_up(padded(plan.values[value].numel()), block_size);
    return {Slot::Base::scratch, std::exchange(scratch_size, scratch_size + floats), 0};
  }

  // Lets step i read a value channel by channel: where it lies pixel by pixel, out of a copy, the first time.
  void read_by_channels(const Plan& plan, int value, Slot& slot, size_t i) {
    if (!slot.by_pixels) return;
    const auto [copy, is_first] = by_channels.try_emplace(value);
    if (is_first) {
      const Shape& shape = plan.values[value];
      copy->second = in_scratch(plan, value);
      of_sample.push_back({make_transposition(shape.inner(0), shape[0], slot, copy->second), i});
    }
    slot = copy->second;
  }

  // What each sample has made, or brought along, as rows of a block.
  void transpose_inputs(const Plan& plan, const MemoryPlan& memory) {
    for (const int v : memory.crossing()) {
      const Slot from = memory.slot(v, Order::sample), to = memory.slot(v, Order::block);
      const int64_t numbers = floats_of(plan, v);
      const auto transpose = kernels::simd::table().transpose;
      of_block.push_back({[=](const Frame& frame) {
                            transpose(frame.samples, numbers, from.read(frame), numbers, to(frame),
                                      block_size);
                          },
                          plan.steps.size()});
    }
  }
};

struct Memory {
  Buffer values, scratch;
};

}  // namespace

class Program::Body {
 public:
  explicit Body(Plan made)
      : plan_(std::move(made)),
        block_begin_(first_of_block(plan_)),
        one_by_one_(plan_, plan_.steps.size()),
        in_blocks_(plan_, block_begin_) {}

  const Plan& plan() const { return plan_; }

  void run(int64_t samples, const float* x, float* y) const {
    const Parts parts = cut(samples);
    parallel_for(samples, parts.grain, [&](int64_t begin, int64_t end) {
      run_part(parts.instructions, begin, end, x, y,
               [](const OfStep& instruction, const Frame& frame) { instruction.run(frame); });
    });
  }

  std::vector<double> run_timed(int64_t samples, const float* x, float* y) const {
    using Clock = std::chrono::steady_clock;
    std::vector<double> seconds(plan_.steps.size() + 1);
    const Parts parts = cut(samples);
    for (int64_t begin = 0; begin < samples; begin += parts.grain) {
      Clock::time_point before = Clock::now();
      run_part(parts.instructions, begin, std::min(begin + parts.grain, samples), x, y,
               [&](const OfStep& instruction, const Frame& frame) {
                 instruction.run(frame);
                 const Clock::time_point now = Clock::now();
                 seconds[instruction.step] += std::chrono::duration<double>(now - before).count();
                 before = now;
               });
    }
    return seconds;
  }

  const Shape& input() const { return plan_.values[plan_.input]; }
  const Shape& output() const { return plan_.values[plan_.output]; }

 private:
  // Which instructions so many samples take, and how many of them at a time.
  struct Parts {
    const InstructionList& instructions;
    int64_t grain;
  };
  Parts cut(int64_t samples) const {
    const bool blocks = samples >= fewest_in_block && block_begin_ < plan_.steps.size();
    const InstructionList& instructions = blocks ? in_blocks_ : one_by_one_;
    // Whole vectors of samples where rows are what takes the time, and no thread without work where images
    // are.
    const int64_t share = (samples + num_threads() - 1) / num_threads(),
                  unit = blocks && instructions.of_sample.empty() ? 16 : 1;
    return {instructions, std::clamp<int64_t>((share + unit - 1) / unit * unit, 1, block_size)};
  }

  template <class Call>
  void run_part(const InstructionList& instructions, int64_t begin, int64_t end, const float* x, float* y,
                const Call& call) const {
    const auto memory = take_memory();
    Frame frame{memory->values.data(),
                memory->scratch.data(),
                x + begin * input().numel(),
                y + begin * output().numel(),
                0,
                end - begin};
    for (; frame.sample < frame.samples; ++frame.sample) {
      for (const OfStep& instruction : instructions.of_sample) call(instruction, frame);
    }
    frame.sample = 0;
    for (const OfStep& instruction : instructions.of_block) call(instruction, frame);
    give_back(memory);
  }

  // Neither waits: in a process forked while another thread was here, the mutex is never free.
  std::shared_ptr<Memory> take_memory() const {
    if (const std::unique_lock lock(mutex_, std::try_to_lock); lock && !free_.empty()) {
      auto memory = std::move(free_.back());
      free_.pop_back();
      return memory;
    }
    const int64_t values = std::max(one_by_one_.memory_size, in_blocks_.memory_size);
    const int64_t scratch = std::max(one_by_one_.scratch_size, in_blocks_.scratch_size);
    auto memory = std::make_shared<Memory>(Memory{Buffer(values), Buffer(scratch)});
    std::fill_n(memory->values.data(), values, 0.0F);
    std::fill_n(memory->scratch.data(), scratch, 0.0F);
    return memory;
  }
  void give_back(std::shared_ptr<Memory> memory) const {
    if (const std::unique_lock lock(mutex_, std::try_to_lock); lock) free_.push_back(std::move(memory));
  }

  Plan plan_;
  size_t block_begin_;
  InstructionList one_by_one_, in_blocks_;
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<Memory>> free_;
};

Program::Program(Plan plan) : body_(std::make_shared<const Body>(std::move(plan))) {}

const Plan& Program::plan() const { return body_->plan(); }
const Shape& Program::input_shape() const { return body_->input(); }
const Shape& Program::output_shape() const { return body_->output(); }

void Program::run(int64_t samples, const float* x, float* y) const { body_->run(samples, x, y); }
std::vector<double> Program::run_timed(int64_t samples, const float* x, float* y) const {
  return body_->run_timed(samples, x, y);
}

Tensor Program::operator()(const Tensor& x) const {
  const auto with_samples = [&](const Shape& shape) {
    std::vector<int64_t> sizes{x.defined() && x.rank() > 0 ? x.size(0) : 0};
    sizes.insert(sizes.end(), shape.begin(), shape.end());
    return Shape(sizes);
  };
  const Shape expected = with_samples(input_shape());
  check(x.defined() && x.shape() == expected, "program: x is ", x.defined() ? x.shape() : Shape{},
        ", expected ", expected);
  Tensor y(with_samples(output_shape()));
  run(x.size(0), x.data(), y.mutable_data());
  return y;
}

}  // namespace tinynn::deploy
