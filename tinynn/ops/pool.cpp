#include <algorithm>
#include <memory>
#include <vector>

#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pool2d.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/registry.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn {
namespace {

constexpr autograd::Properties pools{.channels = autograd::images, .homogeneous = true};

void check_image(const char* name, const Tensor& x) {
  check(x.rank() == 4, name, ": input ", x.shape(), " is not (n, c, h, w)");
  check(x.size(2) > 0 && x.size(3) > 0, name, ": input ", x.shape(), " has no pixels");
}

// With dilation, the pixels of a small image may lie between the elements of a window.
bool sees_pixels(const kernels::WindowAxis& axis) {
  for (int64_t i = 0; i < axis.out(); ++i) {
    if (kernels::Inside(i * axis.stride - axis.before, axis.dilation, axis.in, axis.kernel).length() == 0)
      return false;
  }
  return true;
}

kernels::Pool2dSizes checked_sizes(const char* name, const Tensor& x, const Size2& kernel,
                                   const Pool2dOptions& options) {
  check_image(name, x);
  const kernels::Pool2dSizes s{.planes = x.size(0) * x.size(1),
                               .h = x.size(2),
                               .w = x.size(3),
                               .kernel = kernel,
                               .stride = {options.stride.h == 0 ? kernel.h : options.stride.h,
                                          options.stride.w == 0 ? kernel.w : options.stride.w},
                               .padding = options.padding,
                               .dilation = options.dilation};
  check(at_least(kernel, 1) && at_least(s.stride, 1), name, ": kernel ", kernel, " and stride ", s.stride,
        " must be at least 1");
  check(at_least(s.dilation, 1), name, ": dilation ", s.dilation, " must be at least 1");
  check(at_most(kernel, most_pixels) && at_most(s.stride, most_pixels) && at_most(s.dilation, most_pixels),
        name, ": kernel ", kernel, ", stride ", s.stride, ", dilation ", s.dilation,
        ": expected at most 2^24");
  const Padding2d& p = s.padding;
  check(at_least(p, 0) && at_most(p, most_pixels) && 2 * std::max(p.top, p.bottom) <= kernel.h &&
            2 * std::max(p.left, p.right) <= kernel.w,
        name, ": padding ", p, " must lie between 0 and half the kernel, ", kernel);
  check(s.h + p.h() >= s.rows().reach() && s.w + p.w() >= s.columns().reach(), name, ": a window of ", kernel,
        " is larger than the padded input ", x.shape());
  check(sees_pixels(s.rows()) && sees_pixels(s.columns()), name, ": a window of ", kernel, ", dilation ",
        s.dilation, ", lies wholly in the padding of input ", x.shape());
  return s;
}

void check_output_size(const char* name, const Tensor& x, const std::array<int64_t, 2>& size) {
  check_image(name, x);
  check(size[0] >= 1 && size[1] >= 1, name, ": the output size ", size[0], " x ", size[1],
        " must be at least 1 x 1");
  check(size[0] <= most_pixels && size[1] <= most_pixels, name, ": the output size ", size[0], " x ", size[1],
        " must be at most 2^24 each");
}

// Where each maximum was, for the way back; empty if there is none.
std::shared_ptr<std::vector<int32_t>> room_for_argmax(const Tensor& x, const Tensor& y) {
  auto argmax = std::make_shared<std::vector<int32_t>>();
  if (x.requires_grad() && grad_enabled()) argmax->resize(static_cast<size_t>(y.numel()));
  return argmax;
}

Tensor avg_pool(const Op& op, const Tensor& x, const kernels::AvgPool2dSizes& s,
                std::initializer_list<autograd::Setting> settings) {
  Tensor y(Shape{x.size(0), x.size(1), s.oh, s.ow});
  kernels::avg_pool2d_forward(s, x.data(), y.mutable_data());
  // the gradient is shared out evenly over each window
  const auto backward = [=, x = autograd::place_of(x)](const Tensor& grad_y) {
    Tensor grad_x(x.shape());
    kernels::avg_pool2d_backward(s, grad_y.data(), grad_x.mutable_data());
    autograd::accumulate_grad(x, std::move(grad_x));
  };
  return autograd::record(op, y, {x}, backward, settings);
}

}  // namespace

const Op max_pool2d_op("max_pool2d", pools, [](const auto& a) {
  return max_pool2d(
      a[0], a.size2("kernel"),
      {.stride = a.size2("stride"), .padding = a.padding2d("padding"), .dilation = a.size2("dilation")});
});

Tensor max_pool2d(const Tensor& x, const Size2& kernel, const Pool2dOptions& options) {
  const auto s = checked_sizes(max_pool2d_op.name, x, kernel, options);
  Tensor y(Shape{x.size(0), x.size(1), s.oh(), s.ow()});
  const auto argmax = room_for_argmax(x, y);
  kernels::max_pool2d_forward(s, x.data(), y.mutable_data(), argmax->empty() ? nullptr : argmax->data());

  // the gradient goes to each window's maximum
  const auto backward = [=, x = autograd::place_of(x)](const Tensor& grad_y) {
    Tensor grad_x(x.shape());
    kernels::max_pool2d_backward(s, grad_y.data(), argmax->data(), grad_x.mutable_data());
    autograd::accumulate_grad(x, std::move(grad_x));
  };
  return autograd::record(
      max_pool2d_op, y, {x}, backward,
      {{"kernel", s.kernel}, {"stride", s.stride}, {"padding", s.padding}, {"dilation", s.dilation}});
}

const Op avg_pool2d_op("avg_pool2d", pools, [](const auto& a) {
  return avg_pool2d(a[0], a.size2("kernel"),
                    {.stride = a.size2("stride"),
                     .padding = a.padding2d("padding"),
                     .count_include_pad = a.flag("count_include_pad")});
});

Tensor avg_pool2d(const Tensor& x, const Size2& kernel, const AvgPool2dOptions& options) {
  const auto s =
      checked_sizes(avg_pool2d_op.name, x, kernel, {.stride = options.stride, .padding = options.padding});
  return avg_pool(avg_pool2d_op, x,
                  {.planes = s.planes,
                   .h = s.h,
                   .w = s.w,
                   .oh = s.oh(),
                   .ow = s.ow(),
                   .kernel = s.kernel,
                   .stride = s.stride,
                   .padding = s.padding,
                   .count_include_pad = options.count_include_pad},
                  {{"kernel", s.kernel},
                   {"stride", s.stride},
                   {"padding", s.padding},
                   {"count_include_pad", options.count_include_pad}});
}

const Op adaptive_avg_pool2d_op("adaptive_avg_pool2d", pools, [](const auto& a) {
  return adaptive_avg_pool2d(a[0], {a.whole("oh"), a.whole("ow")});
});

Tensor adaptive_avg_pool2d(const Tensor& x, const std::array<int64_t, 2>& size) {
  check_output_size(adaptive_avg_pool2d_op.name, x, size);
  return avg_pool(
      adaptive_avg_pool2d_op, x,
      {.planes = x.size(0) * x.size(1), .h = x.size(2), .w = x.size(3), .oh = size[0], .ow = size[1]},
      {{"oh", size[0]}, {"ow", size[1]}});
}

const Op adaptive_max_pool2d_op("adaptive_max_pool2d", pools, [](const auto& a) {
  return adaptive_max_pool2d(a[0], {a.whole("oh"), a.whole("ow")});
});

Tensor adaptive_max_pool2d(const Tensor& x, const std::array<int64_t, 2>& size) {
  check_output_size(adaptive_max_pool2d_op.name, x, size);
  const kernels::AdaptivePool2dSizes s{
      .planes = x.size(0) * x.size(1), .h = x.size(2), .w = x.size(3), .oh = size[0], .ow = size[1]};
  Tensor y(Shape{x.size(0), x.size(1), s.oh, s.ow});
  const auto argmax = room_for_argmax(x, y);
  kernels::adaptive_max_pool2d_forward(s, x.data(), y.mutable_data(),
                                       argmax->empty() ? nullptr : argmax->data());
  // the gradient goes to each window's maximum
  const auto backward = [=, x = autograd::place_of(x)](const Tensor& grad_y) {
    Tensor grad_x(x.shape());
    kernels::adaptive_max_pool2d_backward(s, grad_y.data(), argmax->data(), grad_x.mutable_data());
    autograd::accumulate_grad(x, std::move(grad_x));
  };
  return autograd::record(adaptive_max_pool2d_op, y, {x}, backward, {{"oh", s.oh}, {"ow", s.ow}});
}

namespace {

// A sequence as an image of one row.
Tensor as_image(const char* name, const Tensor& x) {
  check(x.rank() == 3, name, ": input ", x.shape(), " is not (n, c, l)");
  return unsqueeze(x, 2);
}

}  // namespace

Tensor max_pool1d(const Tensor& x, int64_t kernel, const Pool1dOptions& options) {
  return squeeze(max_pool2d(as_image("max_pool1d", x), {1, kernel},
                            {.stride = {1, options.stride},
                             .padding = {0, options.padding},
                             .dilation = {1, options.dilation}}),
                 2);
}

Tensor avg_pool1d(const Tensor& x, int64_t kernel, const AvgPool1dOptions& options) {
  return squeeze(avg_pool2d(as_image("avg_pool1d", x), {1, kernel},
                            {.stride = {1, options.stride},
                             .padding = {0, options.padding},
                             .count_include_pad = options.count_include_pad}),
                 2);
}

Tensor adaptive_avg_pool1d(const Tensor& x, int64_t size) {
  return squeeze(adaptive_avg_pool2d(as_image("adaptive_avg_pool1d", x), {1, size}), 2);
}

std::vector<const Op*> ops::pool() {
  return {&max_pool2d_op, &avg_pool2d_op, &adaptive_avg_pool2d_op, &adaptive_max_pool2d_op};
}

}  // namespace tinynn
