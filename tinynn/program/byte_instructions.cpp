// Instructions of plans in eight bits: to the bit what their exported headers compute. Layers and what stands
// between those of residual networks have kernels of their own; the rest is computed in floats as in any
// program, or by the header's own functions where the order of additions decides about the last bit.
#include <algorithm>

#include <tinynn/kernels/combine.h>
#include <tinynn/kernels/steps.h>
#include <tinynn/program/byte_instructions.hpp>
#include <tinynn/program/eight_bits.hpp>
#include <tinynn/program/memory_plan.hpp>

namespace tinynn::deploy {
namespace {

using kernels::simd::byte_table;

tinynn_numbers numbers_of(const NumberFormat& format, const float* at) {
  const int type = format.is_float()                         ? tinynn_float32
                   : format.type == NumberFormat::Type::int8 ? tinynn_int8
                                                             : tinynn_uint8;
  return {type, format.scale, const_cast<float*>(at)};
}

float same(float v) { return v; }

Instruction add(const StepMaker& maker) {
  return [=, a = maker.x(0), b = maker.x(1), y = maker.y(), count = maker.count(),
          relu = maker.step.activation != nullptr, of_a = bytes_of(maker.format_in(0)),
          of_b = bytes_of(maker.format_in(1)), of_y = bytes_of(maker.format_out())](const Frame& frame) {
    byte_table().add(count, as_bytes(a.read(frame)), of_a, as_bytes(b.read(frame)), of_b, relu, of_y,
                     as_bytes(y(frame)));
  };
}

tinynn_pool pool_sizes(const StepMaker& maker) {
  const Step& s = maker.step;
  const auto number = [](int64_t n) { return static_cast<int>(n); };
  return {number(maker.in()[0]),  number(maker.in()[1]), number(maker.in()[2]),  number(maker.out()[1]),
          number(maker.out()[2]), number(s.kernel.h),    number(s.kernel.w),     number(s.stride.h),
          number(s.stride.w),     number(s.padding.top), number(s.padding.left), number(s.dilation.h),
          number(s.dilation.w)};
}

// Numbers stay as they are stored, but for relu.
Instruction max_pool2d(const StepMaker& maker) {
  const Step& s = maker.step;
  const tinynn_pool sizes = pool_sizes(maker);
  const NumberFormat format = maker.format_in();
  const bool is_signed = bytes_of(format).is_signed, relu = is_signed && s.activation != nullptr,
             plain = s.kernel == Size2(2) && s.stride == Size2(2) && s.padding == Padding2d(0) &&
                     s.dilation == Size2(1) && !relu;
  return [=, x = maker.x(), y = maker.y()](const Frame& frame) {
    if (!plain)
      return tinynn_max_pool2d(sizes, numbers_of(format, x.read(frame)), numbers_of(format, y(frame)), relu);
    const uint8_t* from = as_bytes(x.read(frame));
    uint8_t* to = as_bytes(y(frame));
    for (int plane = 0; plane < sizes.planes; ++plane, from += sizes.h * sizes.w, to += sizes.oh * sizes.ow)
      byte_table().max_pool_2x2(sizes.oh, sizes.ow, from, sizes.w, is_signed, to);
  };
}

Instruction gather(const StepMaker& maker) {
  return
      [x = maker.x(), y = maker.y(), from = maker.step.from,
       relu = bytes_of(maker.format_in()).is_signed && maker.step.activation != nullptr](const Frame& frame) {
        const uint8_t* stored = as_bytes(x.read(frame));
        uint8_t* to = as_bytes(y(frame));
        for (const int32_t i : from) *to++ = relu && stored[i] > 127 ? 0 : stored[i];
      };
}

// The header's own function makes floats of what is stored: compute(x, y).
template <class Compute>
Instruction by_header(const StepMaker& maker, Compute compute) {
  const int64_t count = maker.out().numel(), at = maker.scratch(count);
  return [=, x = maker.x(), y = maker.y(), format = maker.format_in(),
          to = FloatsTo(maker)](const Frame& frame) {
    float* made = frame.scratch + at;
    compute(numbers_of(format, x.read(frame)), numbers_of({}, made));
    to(count, made, y(frame), 0);
  };
}

Instruction avg_pool2d(const StepMaker& maker) {
  const Step& s = maker.step;
  const auto divisor = static_cast<int>(s.count_include_pad ? s.kernel.h * s.kernel.w : 0);
  return by_header(maker, [sizes = pool_sizes(maker), divisor](tinynn_numbers x, tinynn_numbers y) {
    tinynn_avg_pool2d(sizes, x, y, divisor, same);
  });
}

Instruction sum(const StepMaker& maker) {
  const auto columns = static_cast<int>(maker.in()[maker.step.dim]),
             inner = static_cast<int>(maker.in().inner(maker.step.dim)),
             outer = static_cast<int>(maker.in().numel()) / columns / inner;
  return by_header(maker, [=](tinynn_numbers x, tinynn_numbers y) {
    tinynn_reduce(outer, columns, inner, x, y, tinynn_plus, same);
  });
}

Instruction normalize(const StepMaker& maker) {
  const auto rows = static_cast<int>(maker.step.groups),
             columns = static_cast<int>(maker.in().numel()) / rows;
  return by_header(
      maker, [=, eps = static_cast<float>(maker.step.parameters[0])](tinynn_numbers x, tinynn_numbers y) {
        tinynn_normalize(rows, columns, eps, x, y, same);
      });
}

// The instruction that any program has for it, between floats.
Instruction in_floats(const StepMaker& maker) {
  const Step& step = maker.step;
  struct Input {
    Slot x;
    NumberFormat format;
    int64_t count, at;
  };
  std::vector<Input> inputs;
  std::vector<Slot> slots(maker.plan().values.size());
  int64_t size = 0;
  const auto place = [&](int value, int64_t count) {
    slots[value] = {Slot::Base::memory, size, 0};
    return std::exchange(size, size + padded(count));
  };
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    const int64_t count = maker.in(i).numel();
    inputs.push_back({maker.x(i), maker.format_in(i), count, place(step.inputs[i], count)});
  }
  const int64_t count = maker.out().numel(), made_at = place(step.output, count);
  int64_t inner_size = 0;
  const Instruction run = step.kind->make({maker.plan(), step, slots, Order::sample, inner_size});
  const int64_t at = maker.scratch(size), inner_at = maker.scratch(inner_size);
  return [=, y = maker.y(), activate = step.kind->activate, parameters = step.parameters,
          to = FloatsTo(maker)](const Frame& frame) {
    float *memory = frame.scratch + at, *made = memory + made_at;
    for (const Input& input : inputs) {
      const float* from = input.x.read(frame);
      if (input.format.is_float()) {
        std::copy_n(from, input.count, memory + input.at);
      } else {
        byte_table().to_floats(input.count, as_bytes(from), bytes_of(input.format), memory + input.at);
      }
    }
    run({memory, frame.scratch + inner_at, nullptr, nullptr, 0, 1});
    if (activate != nullptr) activate(count, made, parameters);
    to(count, made, y(frame), 0);
  };
}

}  // namespace

void FloatsTo::operator()(int64_t count, float* v, float* y, int64_t at) const {
  if (activation_ != nullptr) activation_->activate(count, v, parameters_);
  if (format_.is_float()) {
    std::copy_n(v, count, y + at);
  } else {
    byte_table().quantize(count, v, bytes_of(format_), as_bytes(y) + at);
  }
}

bool in_bytes(const Plan& plan, const Step& step) {
  return !plan.format(step.output).is_float() ||
         std::ranges::any_of(step.inputs, [&](int v) { return !plan.format(v).is_float(); });
}

Instruction make_byte_instruction(const StepMaker& maker) {
  const Step& step = maker.step;
  const bool from_bytes = !maker.format_in().is_float();
  if (sums_are_whole(maker.plan(), step))
    return step.kind == &steps::linear ? make_byte_linear(maker) : make_byte_conv2d(maker);
  if (step.kind == &steps::max_pool2d) return max_pool2d(maker);
  if (step.kind == &steps::gather) return gather(maker);
  if (step.kind == &steps::add && from_bytes && !maker.format_in(1).is_float() &&
      !maker.format_out().is_float() && (step.activation == nullptr || step.activation == &steps::relu))
    return add(maker);
  if (step.kind == &steps::avg_pool2d || step.kind == &steps::adaptive_avg_pool2d) return avg_pool2d(maker);
  if (step.kind == &steps::sum) return sum(maker);
  if (step.kind == &steps::normalize) return normalize(maker);
  return in_floats(maker);
}

Instruction make_quantization(int64_t count, const NumberFormat& format, Slot x, Slot y) {
  return [=](const Frame& frame) {
    byte_table().quantize(count, x.read(frame), bytes_of(format), as_bytes(y(frame)));
  };
}

}  // namespace tinynn::deploy
