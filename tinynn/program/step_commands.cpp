#include <algorithm>

#include <tinynn/kernels/pool2d.hpp>
#include <tinynn/kernels/softmax.hpp>
#include <tinynn/program/step_commands.hpp>

namespace tinynn::deploy {

Command make_command(const Plan& plan, const Step& step, const std::vector<Place>& places, Order order,
                     int64_t& scratch_size) {
  if (step.kind->make == nullptr) return {};
  const StepMaker maker(plan, step, places, order, scratch_size);
  Command made = step.kind->make(maker);
  if (step.kind->activate == nullptr) return made;
  return [made = std::move(made), activate = step.kind->activate, parameters = step.parameters, y = maker.y(),
          count = maker.count()](const Run& run) {
    made(run);
    activate(count, y(run), parameters);
  };
}

Command make_activation(const Plan& plan, const Step& step, Place y, Order order) {
  if (step.activation == nullptr) return {};
  const int64_t width = order == Order::block ? block_size : 1;
  const int64_t count = plan.values[static_cast<size_t>(step.output)].numel() * width;
  return [=, activate = step.activation->activate, parameters = step.activation_parameters](const Run& run) {
    activate(count, y(run), parameters);
  };
}

namespace command_of {
namespace {

// y = f(a, b), number by number
template <class F>
Command combine(const StepMaker& step, F f) {
  return [=, count = step.count(), a = step.x(0), b = step.x(1), y = step.y()](const Run& run) {
    const float *left = a.read(run), *right = b.read(run);
    float* to = y(run);
    for (int64_t i = 0; i < count; ++i) to[i] = f(left[i], right[i]);
  };
}

// Calls row(run, channel, x of it, y of it, numbers) for each channel.
template <class Row>
Command for_each_channel(const StepMaker& step, Row row) {
  const int64_t channels = step.in()[0], each = step.count() / channels;
  return [=, x = step.x(), y = step.y()](const Run& run) {
    const float* from = x.read(run);
    float* to = y(run);
    for (int64_t c = 0; c < channels; ++c) row(run, c, from + c * each, to + c * each, each);
  };
}

Command softmax_by(const StepMaker& step, void (*kernel)(int64_t, int64_t, const float*, float*, int64_t)) {
  const int64_t columns = step.in()[step.step.dim], inner = step.in().inner(step.step.dim) * step.width();
  const int64_t outer = step.count() / columns / inner;
  return
      [=, x = step.x(), y = step.y()](const Run& run) { kernel(outer, columns, x.read(run), y(run), inner); };
}

}  // namespace

Command copy(const StepMaker& step) {
  return [x = step.x(), y = step.y(), count = step.count()](const Run& run) {
    std::copy_n(x.read(run), count, y(run));
  };
}

Command scale_shift(const StepMaker& step) {
  return for_each_channel(step, [scale = step.step.weight, shift = step.step.bias](
                                    const Run&, int64_t c, const float* from, float* to, int64_t each) {
    const float s = scale.data()[c], t = shift.data()[c];
    for (int64_t i = 0; i < each; ++i) to[i] = from[i] * s + t;
  });
}

Command max_pool2d(const StepMaker& step) {
  const Step& s = step.step;
  const kernels::Pool2dSizes sizes{.planes = step.in()[0],
                                   .h = step.in()[1],
                                   .w = step.in()[2],
                                   .kernel = s.kernel,
                                   .stride = s.stride,
                                   .padding = s.padding,
                                   .dilation = s.dilation};
  return [=, x = step.x(), y = step.y()](const Run& run) {
    kernels::max_pool2d_forward(sizes, x.read(run), y(run), nullptr);
  };
}

Command avg_pool2d(const StepMaker& step) {
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
  return [=, x = step.x(), y = step.y()](const Run& run) {
    kernels::avg_pool2d_forward(sizes, x.read(run), y(run));
  };
}

Command add(const StepMaker& step) {
  return combine(step, [](float a, float b) { return a + b; });
}
Command subtract(const StepMaker& step) {
  return combine(step, [](float a, float b) { return a - b; });
}
Command multiply(const StepMaker& step) {
  return combine(step, [](float a, float b) { return a * b; });
}

Command scale_channels(const StepMaker& step) {
  return for_each_channel(
      step, [scale = step.x(1)](const Run& run, int64_t c, const float* from, float* to, int64_t each) {
        const float s = scale.read(run)[c];
        for (int64_t i = 0; i < each; ++i) to[i] = from[i] * s;
      });
}

Command concat(const StepMaker& step) {
  std::vector<std::pair<Place, int64_t>> parts;
  for (size_t i = 0; i < step.step.inputs.size(); ++i)
    parts.emplace_back(step.x(i), step.in(i).numel() * step.width());
  return [parts, y = step.y()](const Run& run) {
    float* to = y(run);
    for (const auto& [part, numbers] : parts) to = std::copy_n(part.read(run), numbers, to);
  };
}

Command gather(const StepMaker& step) {
  return [x = step.x(), y = step.y(), from = step.step.from, width = step.width()](const Run& run) {
    float* to = y(run);
    for (const int32_t i : from) to = std::copy_n(x.read(run) + i * width, width, to);
  };
}

Command softmax(const StepMaker& step) { return softmax_by(step, kernels::softmax_forward); }
Command log_softmax(const StepMaker& step) { return softmax_by(step, kernels::log_softmax_forward); }

}  // namespace command_of
}  // namespace tinynn::deploy
