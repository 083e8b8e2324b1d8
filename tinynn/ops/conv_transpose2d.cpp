#include <tinynn/autograd/parameter.hpp>
#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/conv2d.hpp>
#include <tinynn/kernels/conv2d_kernel.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/ops/conv_transpose2d.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn {
namespace {

// Of the convolution whose input is the result, and whose result is x.
kernels::Conv2dSizes checked_sizes(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                   const ConvTranspose2dOptions& options) {
  constexpr const char* name = "conv_transpose2d";
  check(x.rank() == 4, name, ": input ", x.shape(), " is not (n, c, h, w)");
  check(weight.rank() == 4, name, ": weight ", weight.shape(), " is not (c, o/groups, kh, kw)");
  const auto& [stride, padding, more, dilation, groups] = options;
  check(at_least(stride, 1) && at_least(padding, 0) && at_least(more, 0) && at_least(dilation, 1) &&
            groups >= 1,
        name, ": stride ", stride, ", padding ", padding, ", output padding ", more, ", dilation ", dilation,
        ", groups ", groups, ": expected at least 1, 0, 0, 1, 1");
  check(at_most(stride, most_pixels) && at_most(padding, most_pixels) && at_most(dilation, most_pixels), name,
        ": stride ", stride, ", padding ", padding, ", dilation ", dilation, ": expected at most 2^24");
  check(more.h < stride.h && more.w < stride.w, name, ": output padding ", more,
        " must be less than the stride, ", stride);
  check(x.size(1) == weight.size(0) && x.size(1) % groups == 0, name, ": input ", x.shape(),
        " does not fit weight ", weight.shape(), " with ", groups, " groups");
  kernels::Conv2dSizes s{.n = x.size(0),
                         .c = weight.size(1) * groups,
                         .h = 0,
                         .w = 0,
                         .o = x.size(1),
                         .kh = weight.size(2),
                         .kw = weight.size(3),
                         .stride = stride,
                         .padding = padding,
                         .dilation = dilation,
                         .groups = groups};
  check(x.size(2) >= 1 && x.size(3) >= 1 && s.kh >= 1 && s.kw >= 1, name, ": input ", x.shape(),
        " or weight ", weight.shape(), " has no pixels");
  s.h = (x.size(2) - 1) * stride.h - padding.h() + s.rows().reach() + more.h;
  s.w = (x.size(3) - 1) * stride.w - padding.w() + s.columns().reach() + more.w;
  check(s.h >= 1 && s.w >= 1, name, ": nothing is left of input ", x.shape(), " with padding ", padding);
  if (bias.defined()) {
    check(bias.shape() == Shape{s.c}, name, ": bias ", bias.shape(), " does not fit weight ", weight.shape(),
          ": expected ", Shape{s.c});
  }
  (void)Shape{s.c, s.kw, 16, s.h + padding.h(), s.w + padding.w()};  // as conv2d; in bytes
  return s;
}

void add_bias(const kernels::Conv2dSizes& s, const float* bias, float* y) {
  const int64_t pixels = s.h * s.w;
  parallel_for(s.n * s.c, 1 + (1 << 14) / pixels, [=](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      for (int64_t i = plane * pixels; i < (plane + 1) * pixels; ++i) y[i] += bias[plane % s.c];
    }
  });
}

// As many as there are inputs, whatever is cut, if "groups" is 0.
int64_t groups_of(const Tensor& x, int64_t recorded) { return recorded == 0 ? x.size(1) : recorded; }

// The weight's first dimension reads channels, its second makes them: the other way round than conv2d's.
void transposed_channels(autograd::Channels& c) {
  using autograd::Link, autograd::result;
  const int64_t in = (*c.shape(1))[0], each = (*c.shape(1))[1], out = (*c.shape(result))[1];
  const int64_t recorded = c.attributes().whole("groups");
  c.link(Link::carries, {0, 0}, {result, 0});
  c.link(Link::shifts, {2, 0}, {result, 1});
  if (recorded == 0) {
    for (int64_t j = 0; j < out; ++j) {
      c.link(Link::carries, {0, 1}, j / each, {result, 1}, j);
      c.link(Link::multiplies, {1, 0}, j / each, {result, 1}, j);
    }
    return;
  }
  c.link(Link::consumes, {1, 0}, {0, 1});
  for (int64_t j = 0; j < out; ++j) c.link(Link::produces, {1, 1}, j % each, {result, 1}, j);
  const int64_t read = in / recorded;
  for (int64_t i = read; i < in; ++i) c.link(Link::couples, {0, 1}, i % read, {0, 1}, i);
}

int64_t transposed_macs(const std::vector<Tensor>& inputs, const Tensor&) {
  const Tensor& x = inputs[0];
  return count_nonzero(inputs[1]) * x.size(0) * x.size(2) * x.size(3);
}

}  // namespace

const Op ops::conv_transpose2d("conv_transpose2d", {.channels = transposed_channels, .macs = transposed_macs},
                               [](const auto& a) {
                                 return tinynn::conv_transpose2d(
                                     a[0], a[1], a[2],
                                     {.stride = a.size2("stride"),
                                      .padding = a.padding2d("padding"),
                                      .output_padding = a.size2("output_padding"),
                                      .dilation = a.size2("dilation"),
                                      .groups = groups_of(a[0], a.whole("groups"))});
                               });

Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose2dOptions& options) {
  const auto s = checked_sizes(x, weight, bias, options);
  Tensor y(Shape{s.n, s.c, s.h, s.w});
  const auto live = [s](const Tensor& w) {  // null: dense kernels
    return s.groups > 1 ? nullptr : Parameter::sparse_pattern(w, kernels::sparse_conv2d_density_for(s));
  };
  const auto pattern = live(weight);
  if (y.numel() > 0) {
    kernels::conv2d_backward_input(s, x.data(), weight.data(), y.mutable_data(), pattern.get());
    if (bias.defined()) add_bias(s, bias.data(), y.mutable_data());
  }

  // Each part of a convolution's way back is another part's way forward here.
  const auto backward = [=](const Tensor& grad_y) {
    autograd::hand_on_grad(x, [&](float* grad_x) {
      kernels::conv2d_forward(s, grad_y.data(), weight.data(), nullptr, grad_x, pattern.get());
    });
    if (weight.requires_grad()) {
      const auto still = pattern ? live(weight) : nullptr;  // as in conv2d
      Buffer grad_weight(still ? still->count() : weight.numel());
      kernels::conv2d_backward_weight(s, x.data(), grad_y.data(), grad_weight.data(), still.get());
      autograd::accumulate_packed_grad(weight, still, std::move(grad_weight));
    }
    autograd::hand_on_grad(bias, [&](float* grad_bias) {
      const kernels::Conv2dSizes sums{.n = s.n, .c = 1, .h = s.h, .w = s.w, .o = s.c, .kh = 1, .kw = 1};
      kernels::conv2d_backward_bias(sums, grad_y.data(), grad_bias);
    });
  };
  const bool one_input_each = s.groups > 1 && s.groups == x.size(1);
  return autograd::record(ops::conv_transpose2d, y, {x, weight, bias}, backward,
                          {{"stride", options.stride},
                           {"padding", options.padding},
                           {"output_padding", options.output_padding},
                           {"dilation", options.dilation},
                           {"groups", one_input_each ? 0 : s.groups}});
}

}  // namespace tinynn
