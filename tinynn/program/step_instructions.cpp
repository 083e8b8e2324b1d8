#include <algorithm>
#include <limits>

#include <tinynn/kernels/activation.h>
#include <tinynn/kernels/combine.h>
#include <tinynn/kernels/norm.hpp>
#include <tinynn/kernels/pool2d.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/kernels/softmax.hpp>
#include <tinynn/program/step_instructions.hpp>

namespace tinynn::deploy {

Instruction make_instruction(const Plan& plan, const Step& step, const std::vector<Slot>& slots, Order order,
                             int64_t& scratch_size) {
  if (step.kind->make == nullptr) return {};
  const StepMaker maker(plan, step, slots, order, scratch_size);
  if (in_bytes(plan, step)) return make_byte_instruction(maker);
  Instruction made = step.kind->make(maker);
  if (step.kind->activate == nullptr) return made;
  return [made = std::move(made), activate = step.kind->activate, parameters = step.parameters, y = maker.y(),
          count = maker.count()](const Frame& frame) {
    made(frame);
    activate(count, y(frame), parameters);
  };
}

Instruction make_activation(const Plan& plan, const Step& step, Slot y, Order order) {
  if (step.activation == nullptr || in_bytes(plan, step)) return {};
  const int64_t width = order == Order::block ? block_size : 1;
  const int64_t count = plan.values[step.output].numel() * width;
  if (step.activation == &steps::relu) {
    return [=, relu = kernels::simd::table().relu](const Frame& frame) { relu(count, y(frame), y(frame)); };
  }
  return [=, activate = step.activation->activate, parameters = step.activation_parameters](
             const Frame& frame) { activate(count, y(frame), parameters); };
}

namespace instruction_of {
namespace {

// Calls row(run, channel, x of it, y of it, numbers) for each channel.
template <class Row>
Instruction for_each_channel(const StepMaker& step, Row row) {
  const int64_t channels = step.in()[0], each = step.count() / channels;
  return [=, x = step.x(), y = step.y()](const Frame& frame) {
    const float* from = x.read(frame);
    float* to = y(frame);
    for (int64_t c = 0; c < channels; ++c) row(frame, c, from + c * each, to + c * each, each);
  };
}

// How the numbers along the step's dimension lie: `inner` apart.
struct Runs {
  int64_t outer, columns, inner;
  explicit Runs(const StepMaker& step)
      : columns(step.in()[step.step.dim]), inner(step.in().inner(step.step.dim) * step.width()) {
    outer = step.in().numel() * step.width() / columns / inner;
  }
};

Instruction softmax_by(const StepMaker& step,
                       void (*kernel)(int64_t, int64_t, const float*, float*, int64_t)) {
  return [kernel, runs = Runs(step), x = step.x(), y = step.y()](const Frame& frame) {
    kernel(runs.outer, runs.columns, x.read(frame), y(frame), runs.inner);
  };
}

// Calls made = f(made, x) along each run, from `start` on.
template <class Sum, class F>
Instruction reduce(const StepMaker& step, Sum start, F f) {
  return [=, runs = Runs(step), x = step.x(), y = step.y()](const Frame& frame) {
    const float* from = x.read(frame);
    float* to = y(frame);
    for (int64_t o = 0; o < runs.outer; ++o, from += runs.columns * runs.inner) {
      for (int64_t i = 0; i < runs.inner; ++i) {
        Sum made = start;
        for (int64_t c = 0; c < runs.columns; ++c) made = f(made, from[c * runs.inner + i]);
        *to++ = static_cast<float>(made);
      }
    }
  };
}

}  // namespace

Instruction copy(const StepMaker& step) {
  return [x = step.x(), y = step.y(), count = step.count()](const Frame& frame) {
    std::copy_n(x.read(frame), count, y(frame));
  };
}

Instruction add(const StepMaker& step) {
  return [a = step.x(0), b = step.x(1), y = step.y(), count = step.count(), add = kernels::simd::table().add](
             const Frame& frame) { add(count, a.read(frame), b.read(frame), y(frame)); };
}

Instruction scale_shift(const StepMaker& step) {
  return for_each_channel(step, [scale = step.step.weight, shift = step.step.bias](
                                    const Frame&, int64_t c, const float* from, float* to, int64_t each) {
    const float s = scale.data()[c], t = shift.data()[c];
    for (int64_t i = 0; i < each; ++i) to[i] = from[i] * s + t;
  });
}

Instruction max_pool2d(const StepMaker& step) {
  const Step& s = step.step;
  const kernels::Pool2dSizes sizes{.planes = step.in()[0],
                                   .h = step.in()[1],
                                   .w = step.in()[2],
                                   .kernel = s.kernel,
                                   .stride = s.stride,
                                   .padding = s.padding,
                                   .dilation = s.dilation};
  return [=, x = step.x(), y = step.y()](const Frame& frame) {
    kernels::max_pool2d_forward(sizes, x.read(frame), y(frame), nullptr);
  };
}

Instruction avg_pool2d(const StepMaker& step) {
  const Step& s = step.step;
  const kernels::AvgPool2dSizes sizes{.planes = step.in()[0],
                                      .h = step.in()[1],
                                      .w = step.in()[2],
                                      .oh = step.out()[1],
                                      .ow = step.out()[2],
                                      .kernel = s.kernel,
                                      .stride = s.stride,
                                      .padding = s.padding,
                                      .count_include_pad = s.count_include_pad};
  return [=, x = step.x(), y = step.y()](const Frame& frame) {
    kernels::avg_pool2d_forward(sizes, x.read(frame), y(frame));
  };
}

Instruction scale_channels(const StepMaker& step) {
  return for_each_channel(
      step, [scale = step.x(1)](const Frame& frame, int64_t c, const float* from, float* to, int64_t each) {
        const float s = scale.read(frame)[c];
        for (int64_t i = 0; i < each; ++i) to[i] = from[i] * s;
      });
}

Instruction prelu(const StepMaker& step) {
  return for_each_channel(
      step, [slopes = step.step.weight](const Frame&, int64_t c, const float* from, float* to, int64_t each) {
        const float slope = slopes.data()[c];
        for (int64_t i = 0; i < each; ++i) to[i] = tinynn_leaky_relu(from[i], slope);
      });
}

Instruction pad(const StepMaker& step) {
  const Shape &in = step.in(), &out = step.out();
  const int64_t width = step.width(), row = in[2] * width, padded_row = out[2] * width;
  return [=, padding = step.step.padding, value = static_cast<float>(step.step.parameters[0]),
          count = step.count(), x = step.x(), y = step.y()](const Frame& frame) {
    const float* from = x.read(frame);
    float* to = y(frame);
    std::fill_n(to, count, value);
    for (int64_t r = 0; r < in[0] * in[1]; ++r) {
      const int64_t above = r / in[1] * out[1] + padding.top + r % in[1];
      std::copy_n(from + r * row, row, to + above * padded_row + padding.left * width);
    }
  };
}

Instruction sum(const StepMaker& step) {
  return reduce(step, 0.0, [](double made, float v) { return made + static_cast<double>(v); });
}
Instruction amax(const StepMaker& step) {
  return reduce(step, -std::numeric_limits<float>::infinity(), tinynn_larger);
}

Instruction normalize(const StepMaker& step) {
  const int64_t rows = step.step.groups, columns = step.in().numel() / rows;
  return [=, width = step.width(), eps = step.step.parameters[0], x = step.x(),
          y = step.y()](const Frame& frame) {
    kernels::normalize_rows(rows, columns, width, eps, x.read(frame), y(frame));
  };
}

Instruction concat(const StepMaker& step) {
  std::vector<std::pair<Slot, int64_t>> parts;
  for (size_t i = 0; i < step.step.inputs.size(); ++i)
    parts.emplace_back(step.x(i), step.in(i).numel() * step.width());
  return [parts, y = step.y()](const Frame& frame) {
    float* to = y(frame);
    for (const auto& [part, numbers] : parts) to = std::copy_n(part.read(frame), numbers, to);
  };
}

Instruction gather(const StepMaker& step) {
  return [x = step.x(), y = step.y(), from = step.step.from, width = step.width()](const Frame& frame) {
    float* to = y(frame);
    for (const int32_t i : from) to = std::copy_n(x.read(frame) + i * width, width, to);
  };
}

Instruction softmax(const StepMaker& step) { return softmax_by(step, kernels::softmax_forward); }
Instruction log_softmax(const StepMaker& step) { return softmax_by(step, kernels::log_softmax_forward); }

}  // namespace instruction_of
}  // namespace tinynn::deploy
