#include <memory>
#include <vector>

#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pool2d.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn {
namespace {

void check_image(const char* name, const Tensor& x) {
  check(x.rank() == 4, name, ": input ", x.shape(), " is not (n, c, h, w)");
  check(x.size(2) > 0 && x.size(3) > 0, name, ": input ", x.shape(), " has no pixels");
}

kernels::Pool2dSizes checked_sizes(const char* name, const Tensor& x, int64_t kernel,
                                   const Pool2dOptions& options) {
  check_image(name, x);
  const int64_t stride = options.stride == 0 ? kernel : options.stride;
  check(kernel >= 1 && stride >= 1, name, ": kernel ", kernel, " and stride ", stride, " must be at least 1");
  check(options.padding >= 0 && 2 * options.padding <= kernel, name, ": padding ", options.padding,
        " must lie between 0 and half the kernel, ", kernel);
  const kernels::Pool2dSizes s{x.size(0) * x.size(1), x.size(2), x.size(3), kernel, stride, options.padding};
  check(s.h + 2 * s.padding >= kernel && s.w + 2 * s.padding >= kernel, name, ": a window of ", kernel,
        " is larger than the padded input ", x.shape());
  return s;
}

Tensor avg_pool(const autograd::Op& op, const Tensor& x, const kernels::AvgPool2dSizes& s,
                std::initializer_list<autograd::Attribute> attributes) {
  Tensor y(Shape{x.size(0), x.size(1), s.oh, s.ow});
  kernels::avg_pool2d_forward(s, x.data(), y.mutable_data());
  // the gradient is shared out evenly over each window
  const auto backward = [=](const Tensor& grad_y) {
    Tensor grad_x(x.shape());
    kernels::avg_pool2d_backward(s, grad_y.data(), grad_x.mutable_data());
    autograd::accumulate_grad(x, std::move(grad_x));
  };
  return autograd::record(op, y, {x}, backward, attributes);
}

}  // namespace

const autograd::Op max_pool2d_op{.name = "max_pool2d",
                                 .apply =
                                     [](const autograd::Arguments& a) {
                                       return max_pool2d(a[0], a.attributes.whole("kernel"),
                                                         {.stride = a.attributes.whole("stride"),
                                                          .padding = a.attributes.whole("padding")});
                                     },
                                 .channels = autograd::images,
                                 .homogeneous = true};

Tensor max_pool2d(const Tensor& x, int64_t kernel, const Pool2dOptions& options) {
  const auto s = checked_sizes(max_pool2d_op.name, x, kernel, options);
  Tensor y(Shape{x.size(0), x.size(1), s.oh(), s.ow()});
  // Where each maximum was, for the way back; not kept if there is none.
  auto argmax = std::make_shared<std::vector<int32_t>>();
  if (x.requires_grad() && grad_enabled()) argmax->resize(static_cast<size_t>(y.numel()));
  kernels::max_pool2d_forward(s, x.data(), y.mutable_data(), argmax->empty() ? nullptr : argmax->data());

  const auto backward = [=](const Tensor& grad_y) {  // the gradient goes to each window's maximum
    Tensor grad_x(x.shape());
    kernels::max_pool2d_backward(s, grad_y.data(), argmax->data(), grad_x.mutable_data());
    autograd::accumulate_grad(x, std::move(grad_x));
  };
  return autograd::record(max_pool2d_op, y, {x}, backward,
                          {{"kernel", static_cast<double>(s.kernel)},
                           {"stride", static_cast<double>(s.stride)},
                           {"padding", static_cast<double>(s.padding)}});
}

const autograd::Op avg_pool2d_op{.name = "avg_pool2d",
                                 .apply =
                                     [](const autograd::Arguments& a) {
                                       return avg_pool2d(
                                           a[0], a.attributes.whole("kernel"),
                                           {.stride = a.attributes.whole("stride"),
                                            .padding = a.attributes.whole("padding"),
                                            .count_include_pad = a.attributes.flag("count_include_pad")});
                                     },
                                 .channels = autograd::images,
                                 .homogeneous = true};

Tensor avg_pool2d(const Tensor& x, int64_t kernel, const AvgPool2dOptions& options) {
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
                  {{"kernel", static_cast<double>(s.kernel)},
                   {"stride", static_cast<double>(s.stride)},
                   {"padding", static_cast<double>(s.padding)},
                   {"count_include_pad", options.count_include_pad ? 1.0 : 0.0}});
}

const autograd::Op adaptive_avg_pool2d_op{
    .name = "adaptive_avg_pool2d",
    .apply =
        [](const autograd::Arguments& a) {
          return adaptive_avg_pool2d(a[0], {a.attributes.whole("oh"), a.attributes.whole("ow")});
        },
    .channels = autograd::images,
    .homogeneous = true};

Tensor adaptive_avg_pool2d(const Tensor& x, const std::array<int64_t, 2>& size) {
  check_image(adaptive_avg_pool2d_op.name, x);
  check(size[0] >= 1 && size[1] >= 1, adaptive_avg_pool2d_op.name, ": the output size ", size[0], " x ",
        size[1], " must be at least 1 x 1");
  return avg_pool(
      adaptive_avg_pool2d_op, x,
      {.planes = x.size(0) * x.size(1), .h = x.size(2), .w = x.size(3), .oh = size[0], .ow = size[1]},
      {{"oh", static_cast<double>(size[0])}, {"ow", static_cast<double>(size[1])}});
}

std::vector<const autograd::Op*> ops::pool() {
  return {&max_pool2d_op, &avg_pool2d_op, &adaptive_avg_pool2d_op};
}

}  // namespace tinynn
