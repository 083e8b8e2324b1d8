#include <tinynn/autograd/parameter.hpp>
#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/kernels/conv2d.hpp>
#include <tinynn/kernels/conv2d_kernel.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/ops/conv2d.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn {
namespace {

// Of images, or of sequences, which are images of one row.
kernels::Conv2dSizes checked_sizes(const Op& op, const Tensor& x, const Tensor& weight, const Tensor& bias,
                                   const Conv2dOptions& options) {
  const char* name = op.name;
  const bool images = &op == &ops::conv2d;
  check(x.rank() == (images ? 4 : 3), name, ": input ", x.shape(), " is not ",
        images ? "(n, c, h, w)" : "(n, c, l)");
  check(weight.rank() == x.rank(), name, ": weight ", weight.shape(), " is not ",
        images ? "(o, c/groups, kh, kw)" : "(o, c/groups, k)");
  // Of sequences, what was given: one number each.
  const Size2 stride = images ? options.stride : options.stride.w,
              dilation = images ? options.dilation : options.dilation.w;
  const Padding2d padding = images ? options.padding : options.padding.left;
  check(at_least(stride, 1) && at_least(padding, 0) && at_least(dilation, 1) && options.groups >= 1, name,
        ": stride ", stride, ", padding ", padding, ", dilation ", dilation, ", groups ", options.groups,
        ": expected at least 1, 0, 1, 1");
  check(at_most(stride, most_pixels) && at_most(padding, most_pixels) && at_most(dilation, most_pixels), name,
        ": stride ", stride, ", padding ", padding, ", dilation ", dilation, ": expected at most 2^24");
  const kernels::Conv2dSizes s{.n = x.size(0),
                               .c = x.size(1),
                               .h = images ? x.size(2) : 1,
                               .w = x.size(-1),
                               .o = weight.size(0),
                               .kh = images ? weight.size(2) : 1,
                               .kw = weight.size(-1),
                               .stride = options.stride,
                               .padding = options.padding,
                               .dilation = options.dilation,
                               .groups = options.groups};
  check(s.c == weight.size(1) * s.groups && s.o % s.groups == 0, name, ": input ", x.shape(),
        " does not fit weight ", weight.shape(), " with ", s.groups, " groups");
  if (bias.defined()) {
    check(bias.shape() == Shape{s.o}, name, ": bias ", bias.shape(), " does not fit weight ", weight.shape(),
          ": expected ", Shape{s.o});
  }
  check(s.kh >= 1 && s.kw >= 1 && s.h + s.padding.h() >= s.rows().reach() &&
            s.w + s.padding.w() >= s.columns().reach(),
        name, ": the kernel of weight ", weight.shape(), " is larger than the padded input ", x.shape());
  // What it is computed in may be as large as the padded image, for each column of the kernel; in bytes.
  (void)Shape{s.c, s.kw, 16, s.h + s.padding.h(), s.w + s.padding.w()};
  return s;
}

// A filter produces a channel and reads all channels of its group. A group of one channel each (depthwise) is
// a channel of its own; larger groups lose channels in the same places, for they must stay of equal size.
void conv_channels(autograd::Channels& c) {
  using autograd::Link, autograd::result;
  const int64_t o = (*c.shape(1))[0], each = (*c.shape(1))[1];
  const int64_t groups = conv_groups(*c.shape(0), *c.shape(1));
  c.link(Link::carries, {0, 0}, {result, 0});
  c.link(Link::shifts, {2, 0}, {result, 1});
  if (groups > 1 && each == 1) {
    for (int64_t j = 0; j < o; ++j) c.link(Link::carries, {0, 1}, j / (o / groups), {result, 1}, j);
    c.link(Link::multiplies, {1, 0}, {result, 1});
    return;
  }
  c.link(Link::produces, {1, 0}, {result, 1});
  for (int64_t i = 0; i < groups * each; ++i) c.link(Link::consumes, {1, 1}, i % each, {0, 1}, i);
  const int64_t made = o / groups;
  for (int64_t j = made; j < o; ++j) c.link(Link::couples, {result, 1}, j % made, {result, 1}, j);
}

int64_t conv_macs(const std::vector<Tensor>& inputs, const Tensor& y) {
  return count_nonzero(inputs[1]) * y.size(0) * y.shape().inner(1);
}

Tensor convolve(const Op& op, const kernels::Conv2dSizes& s, const Shape& result, const Tensor& x,
                const Tensor& weight, const Tensor& bias, std::initializer_list<autograd::Setting> settings) {
  Tensor y(result);
  const auto live = [s](const Tensor& w) {  // null: dense kernels
    return s.groups > 1 ? nullptr : Parameter::sparse_pattern(w, kernels::sparse_conv2d_density_for(s));
  };
  const auto pattern = live(weight);
  if (y.numel() > 0)
    kernels::conv2d_forward(s, x.data(), weight.data(), bias.defined() ? bias.data() : nullptr,
                            y.mutable_data(), pattern.get());

  const auto backward = [=](const Tensor& grad_y) {
    autograd::hand_on_grad(x, [&](float* grad_x) {  // grad_x = grad_y correlated with the flipped kernel
      kernels::conv2d_backward_input(s, grad_y.data(), weight.data(), grad_x, pattern.get());
    });
    if (weight.requires_grad()) {  // grad_weight = x correlated with grad_y
      // The gradients of dead weights may have been asked for since the forward pass.
      const auto still = pattern ? live(weight) : nullptr;
      Buffer grad_weight(still ? still->count() : weight.numel());
      kernels::conv2d_backward_weight(s, grad_y.data(), x.data(), grad_weight.data(), still.get());
      autograd::accumulate_packed_grad(weight, still, std::move(grad_weight));
    }
    autograd::hand_on_grad(
        bias, [&](float* grad_bias) { kernels::conv2d_backward_bias(s, grad_y.data(), grad_bias); });
  };
  return autograd::record(op, y, {x, weight, bias}, backward, settings);
}

}  // namespace

const Op ops::conv2d("conv2d", {.channels = conv_channels, .macs = conv_macs}, [](const auto& a) {
  return tinynn::conv2d(a[0], a[1], a[2],
                        {.stride = a.size2("stride"),
                         .padding = a.padding2d("padding"),
                         .dilation = a.size2("dilation"),
                         .groups = conv_groups(a[0].shape(), a[1].shape())});
});

int64_t conv_groups(const char* layer, bool grouped, const Shape& x, const Shape& weight) {
  const int64_t channels = x[1], each = weight[1];
  check(grouped ? channels > 0 && each > 0 && channels % each == 0 : channels == each, layer, ": input ", x,
        " does not fit weight ", weight);
  return grouped ? channels / each : 1;
}

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  const auto s = checked_sizes(ops::conv2d, x, weight, bias, options);
  return convolve(ops::conv2d, s, {s.n, s.o, s.oh(), s.ow()}, x, weight, bias,
                  {{"stride", options.stride}, {"padding", options.padding}, {"dilation", options.dilation}});
}

const Op ops::conv1d("conv1d", {.channels = conv_channels, .macs = conv_macs}, [](const auto& a) {
  return tinynn::conv1d(a[0], a[1], a[2],
                        {.stride = a.whole("stride"),
                         .padding = a.whole("padding"),
                         .dilation = a.whole("dilation"),
                         .groups = conv_groups(a[0].shape(), a[1].shape())});
});

Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv1dOptions& options) {
  const auto s = checked_sizes(ops::conv1d, x, weight, bias,
                               {.stride = {1, options.stride},
                                .padding = {0, options.padding},
                                .dilation = {1, options.dilation},
                                .groups = options.groups});
  return convolve(ops::conv1d, s, {s.n, s.o, s.ow()}, x, weight, bias,
                  {{"stride", options.stride}, {"padding", options.padding}, {"dilation", options.dilation}});
}

}  // namespace tinynn
