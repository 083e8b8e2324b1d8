// Instructions of plans in eight bits: to the bit what their exported headers compute. Layers and what stands
// between those of residual networks have kernels of their own; the rest is computed in floats as in any
// program, or by the header's own functions where the order of additions decides about the last bit.
#include <algorithm>
#include <array>
#include <functional>

#include <tinynn/export/kernels/steps.h>
#include <tinynn/kernels/bytes.hpp>
#include <tinynn/kernels/combine.h>
#include <tinynn/program/eight_bits.hpp>
#include <tinynn/program/instructions.hpp>

namespace tinynn::deploy {
namespace {

using kernels::simd::byte_table, kernels::simd::ByteFormat;

ByteFormat bytes_of(const NumberFormat& format) {
  return {format.type == NumberFormat::Type::int8, format.scale};
}
tinynn_numbers numbers_of(const NumberFormat& format, const float* at) {
  const int type = format.is_float()                         ? tinynn_float32
                   : format.type == NumberFormat::Type::int8 ? tinynn_int8
                                                             : tinynn_uint8;
  return {type, format.scale, const_cast<float*>(at)};
}
const uint8_t* as_bytes(const float* at) { return reinterpret_cast<const uint8_t*>(at); }
uint8_t* as_bytes(float* at) { return reinterpret_cast<uint8_t*>(at); }
int32_t* as_words(float* at) { return reinterpret_cast<int32_t*>(at); }

float same(float v) { return v; }

// What becomes of floats that a step made: its activation, and rounding if they are bytes.
class FloatsTo {
 public:
  explicit FloatsTo(const StepMaker& maker)
      : format_(maker.format_out()),
        activation_(maker.step.activation),
        parameters_(maker.step.activation_parameters) {}

  // Number `at` of y and those behind it. Overwrites v.
  void operator()(int64_t count, float* v, float* y, int64_t at) const {
    if (activation_ != nullptr) activation_->activate(count, v, parameters_);
    if (format_.is_float()) {
      std::copy_n(v, count, y + at);
    } else {
      byte_table().quantize(count, v, bytes_of(format_), as_bytes(y) + at);
    }
  }

 private:
  NumberFormat format_;
  const StepKind* activation_;
  std::array<double, 2> parameters_;
};

// What becomes of the sums of a layer.
class SumsTo {
 public:
  explicit SumsTo(const StepMaker& maker) : floats_(maker), whole_(requantization(maker.plan(), maker.step)) {
    high_ = static_cast<int32_t>(maker.format_out().highest());
    for (int64_t o = 0; o < maker.step.bias.numel(); ++o)
      scales_.push_back(scale_of_sums(maker.plan(), maker.step, o));
    if (whole_) whole_->multipliers.resize((scales_.size() + 15) / 16 * 16);  // whole vectors are read
  }

  // `rows` rows of `width` sums, which are `pitch` apart, become number `at` of y and those behind it; of
  // output o, or with step 1 of the outputs from o on.
  void operator()(int64_t o, int64_t step, int64_t rows, int64_t width, const int32_t* sums, int64_t pitch,
                  float* y, int64_t at) const {
    if (whole_) {
      const kernels::simd::Requantize to{&whole_->multipliers[o], step, whole_->shift, whole_->low, high_};
      return byte_table().requantize(to, rows, width, sums, pitch, as_bytes(y) + at);
    }
    std::array<float, 256> v;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t begin = 0; begin < width; begin += std::ssize(v)) {
        const int64_t count = std::min(std::ssize(v), width - begin);
        for (int64_t i = 0; i < count; ++i)
          v[i] = static_cast<float>(sums[r * pitch + begin + i]) * scales_[o + step * (begin + i)];
        floats_(count, v.data(), y, at + r * width + begin);
      }
    }
  }

 private:
  FloatsTo floats_;
  std::optional<Requantization> whole_;
  std::vector<float> scales_;
  int32_t high_;
};

// What a layer multiplies with, while its kernel is made.
struct Weight {
  explicit Weight(const StepMaker& maker)
      : values(whole_weight(maker.step)),
        bias(whole_bias(maker.plan(), maker.step)),
        of{values.data(), bias.data(), maker.format_in().type == NumberFormat::Type::int8} {}
  std::vector<int8_t> values;
  std::vector<int32_t> bias;
  kernels::ByteWeight of;
};

int64_t scratch_for(const StepMaker& maker, int64_t words) {
  return maker.scratch((words + block_size - 1) / block_size * block_size);
}

Instruction conv2d(const StepMaker& maker) {
  const kernels::ByteConv2d kernel(conv2d_sizes(maker), Weight(maker).of);
  const int64_t at = scratch_for(maker, kernel.scratch_size());
  return [=, x = maker.x(), y = maker.y(), width = maker.out()[2], each = maker.out().inner(0),
          to = SumsTo(maker)](const Frame& frame) {
    float* made = y(frame);
    const auto take = [&](int64_t o, int64_t row, int64_t rows, const int32_t* sums) {
      to(o, 0, rows, width, sums, kernel.pitch(), made, o * each + row * width);
    };
    kernel(as_bytes(x.read(frame)), as_words(frame.scratch + at),
           std::ref(take));  // without memory of its own
  };
}

Instruction linear(const StepMaker& maker) {
  const Slot x = maker.x(), y = maker.y();
  const int64_t outputs = maker.out().numel(), inputs = maker.in().numel();
  const SumsTo to(maker);
  if (maker.order == Order::sample) {
    const kernels::ByteLinearOfOne kernel(outputs, inputs, Weight(maker).of);
    const int64_t at = scratch_for(maker, kernel.scratch_size());
    return [=](const Frame& frame) {
      const int32_t* sums = kernel(as_bytes(x.read(frame)), as_words(frame.scratch + at));
      to(0, 1, 1, outputs, sums, 0, y(frame), 0);
    };
  }
  // Bytes of a block lie four numbers to a word; floats a number after the other, as in any program.
  const kernels::ByteLinear kernel(outputs, inputs, block_size, Weight(maker).of);
  const int64_t at = scratch_for(maker, kernel.scratch_size());
  return [=, floats = maker.format_out().is_float()](const Frame& frame) {
    float* made = y(frame);
    constexpr int64_t pitch = block_size / 4 + 16;  // floats; requantize writes a little beyond
    std::array<float, 4 * pitch> bytes;
    std::array<const uint8_t*, 4> rows;
    for (int64_t q = 0; q < 4; ++q) rows[q] = as_bytes(bytes.data() + q * pitch);
    kernel(frame.samples, as_words(x(frame)), as_words(frame.scratch + at),
           [&](int64_t first, int64_t count, const int32_t* sums) {
             for (int64_t q = 0; q < count; ++q)
               to(first + q, 0, 1, block_size, sums + q * block_size, 0,
                  floats ? made : bytes.data() + q * pitch, floats ? (first + q) * block_size : 0);
             if (!floats)
               byte_table().interleave(block_size, rows.data(), 0, as_words(made) + first / 4 * block_size);
           });
  };
}

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
  const int64_t count = maker.out().numel(), at = scratch_for(maker, count);
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
    return std::exchange(size, size + (count + 15) / 16 * 16 + 16);  // kernels read whole vectors
  };
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    const int64_t count = maker.in(i).numel();
    inputs.push_back({maker.x(i), maker.format_in(i), count, place(step.inputs[i], count)});
  }
  const int64_t count = maker.out().numel(), made_at = place(step.output, count);
  int64_t inner_size = 0;
  const Instruction run = step.kind->make({maker.plan(), step, slots, Order::sample, inner_size});
  const int64_t at = scratch_for(maker, size), inner_at = scratch_for(maker, inner_size);
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

bool in_bytes(const Plan& plan, const Step& step) {
  return !plan.format(step.output).is_float() ||
         std::ranges::any_of(step.inputs, [&](int v) { return !plan.format(v).is_float(); });
}

Instruction make_byte_instruction(const StepMaker& maker) {
  const Step& step = maker.step;
  const bool from_bytes = !maker.format_in().is_float();
  if (sums_are_whole(maker.plan(), step)) return step.kind == &steps::linear ? linear(maker) : conv2d(maker);
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
