#include <algorithm>
#include <cmath>

#include <tinynn/kernels/activation.hpp>
#include <tinynn/kernels/pool2d.hpp>
#include <tinynn/kernels/softmax.hpp>
#include <tinynn/program/commands.hpp>

namespace tinynn::deploy {
namespace {

using Kind = Step::Kind;

Command max_pool2d(const Step& step, const Shape& in, Place x, Place y) {
  const kernels::Pool2dSizes sizes{in[0], in[1], in[2], step.kernel, step.stride, step.padding};
  return [=](const Run& run) { kernels::max_pool2d_forward(sizes, x.read(run), y(run), nullptr); };
}

Command avg_pool2d(const Step& step, const Shape& in, const Shape& out, Place x, Place y) {
  const kernels::AvgPool2dSizes sizes{.planes = in[0],
                                      .h = in[1],
                                      .w = in[2],
                                      .oh = out[1],
                                      .ow = out[2],
                                      .kernel = step.kernel,
                                      .stride = step.stride,
                                      .padding = step.padding,
                                      .count_include_pad = step.count_include_pad};
  return [=](const Run& run) { kernels::avg_pool2d_forward(sizes, x.read(run), y(run)); };
}

// y = f(a, b), number by number
template <class F>
Command combine(int64_t count, Place a, Place b, Place y, F f) {
  return [=](const Run& run) {
    const float *left = a.read(run), *right = b.read(run);
    float* to = y(run);
    for (int64_t i = 0; i < count; ++i) to[i] = f(left[i], right[i]);
  };
}

// Calls row(channel, x of it, y of it, numbers) for each channel.
template <class Row>
Command for_each_channel(int64_t channels, int64_t each, Place x, Place y, Row row) {
  return [=](const Run& run) {
    const float* from = x.read(run);
    float* to = y(run);
    for (int64_t c = 0; c < channels; ++c) row(run, c, from + c * each, to + c * each, each);
  };
}

}  // namespace

void activate(Activation activation, double slope, int64_t count, float* x) {
  const auto each = [=](auto f) {
    for (int64_t i = 0; i < count; ++i) x[i] = f(x[i]);
  };
  const auto s = static_cast<float>(slope);
  switch (activation) {
    case Activation::none: break;
    case Activation::relu: each([](float v) { return kernels::relu(v); }); break;
    case Activation::leaky_relu: each([s](float v) { return kernels::leaky_relu(v, s); }); break;
    case Activation::sigmoid: each([](float v) { return kernels::sigmoid(v); }); break;
    case Activation::tanh: each([](float v) { return std::tanh(v); }); break;
    case Activation::silu: each([](float v) { return kernels::silu(v); }); break;
    case Activation::gelu: each([](float v) { return kernels::gelu(v); }); break;
    case Activation::gelu_tanh: each([](float v) { return kernels::gelu_tanh(v); }); break;
  }
}

// What follows serves both orders: a block of samples is to it a sample of which every number is a row of 64.
Command make_command(const Plan& plan, const Step& step, const std::vector<Place>& places, Order order,
                     int64_t& scratch_size) {
  const auto place = [&](int v) { return places[static_cast<size_t>(v)]; };
  const auto shape = [&](int v) { return plan.values[static_cast<size_t>(v)]; };
  const Place x = place(step.inputs[0]), y = place(step.output);
  const Shape in = shape(step.inputs[0]), out = shape(step.output);
  const int64_t width = order == Order::block ? block_size : 1, count = out.numel() * width;
  switch (step.kind) {
    case Kind::linear: return make_linear(step, x, y, order, scratch_size);
    case Kind::conv2d: return make_conv2d(step, in, x, y, scratch_size);
    case Kind::max_pool2d: return max_pool2d(step, in, x, y);
    case Kind::avg_pool2d: return avg_pool2d(step, in, out, x, y);
    case Kind::add:
      return combine(count, x, place(step.inputs[1]), y, [](float a, float b) { return a + b; });
    case Kind::subtract:
      return combine(count, x, place(step.inputs[1]), y, [](float a, float b) { return a - b; });
    case Kind::multiply:
      return combine(count, x, place(step.inputs[1]), y, [](float a, float b) { return a * b; });
    case Kind::scale_shift:
      return for_each_channel(in[0], count / in[0], x, y,
                              [scale = step.weight, shift = step.bias](
                                  const Run&, int64_t c, const float* from, float* to, int64_t each) {
                                const float s = scale.data()[c], t = shift.data()[c];
                                for (int64_t i = 0; i < each; ++i) to[i] = from[i] * s + t;
                              });
    case Kind::scale_channels:
      return for_each_channel(in[0], in.inner(0), x, y,
                              [scale = place(step.inputs[1])](const Run& run, int64_t c, const float* from,
                                                              float* to, int64_t each) {
                                const float s = scale.read(run)[c];
                                for (int64_t i = 0; i < each; ++i) to[i] = from[i] * s;
                              });
    case Kind::concat: {
      std::vector<std::pair<Place, int64_t>> parts;
      for (const int input : step.inputs) parts.emplace_back(place(input), shape(input).numel() * width);
      return [=](const Run& run) {
        float* to = y(run);
        for (const auto& [part, numbers] : parts) to = std::copy_n(part.read(run), numbers, to);
      };
    }
    case Kind::gather:
      return [=, from = step.from](const Run& run) {
        float* to = y(run);
        for (const int32_t i : from) to = std::copy_n(x.read(run) + i * width, width, to);
      };
    case Kind::softmax:
    case Kind::log_softmax: {
      const auto softmax =
          step.kind == Kind::softmax ? kernels::softmax_forward : kernels::log_softmax_forward;
      const int64_t columns = in[step.dim], inner = in.inner(step.dim) * width;
      return [=](const Run& run) { softmax(count / columns / inner, columns, x.read(run), y(run), inner); };
    }
    case Kind::activation: return [=](const Run& run) { std::copy_n(x.read(run), count, y(run)); };
    case Kind::reshape: return {};
  }
  return {};
}

}  // namespace tinynn::deploy
