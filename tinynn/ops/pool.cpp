#include <memory>
#include <vector>

#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pool2d.hpp>
#include <tinynn/ops/pool.hpp>

namespace tinynn {
namespace {

kernels::Pool2dSizes checked_sizes(const char* name, const Tensor& x, int64_t kernel,
                                   const Pool2dOptions& options) {
  check(x.rank() == 4, name, ": input ", x.shape(), " is not (n, c, h, w)");
  check(x.size(2) > 0 && x.size(3) > 0, name, ": input ", x.shape(), " has no pixels");
  const int64_t stride = options.stride == 0 ? kernel : options.stride;
  check(kernel >= 1 && stride >= 1, name, ": kernel ", kernel, " and stride ", stride, " must be at least 1");
  check(options.padding >= 0 && 2 * options.padding <= kernel, name, ": padding ", options.padding,
        " must lie between 0 and half the kernel, ", kernel);
  const kernels::Pool2dSizes s{x.size(0) * x.size(1), x.size(2), x.size(3), kernel, stride, options.padding};
  check(s.h + 2 * s.padding >= kernel && s.w + 2 * s.padding >= kernel, name, ": a window of ", kernel,
        " is larger than the padded input ", x.shape());
  return s;
}

}  // namespace

Tensor max_pool2d(const Tensor& x, int64_t kernel, const Pool2dOptions& options) {
  static const autograd::Op op{"max_pool2d"};
  const auto s = checked_sizes(op.name, x, kernel, options);
  Tensor y(Shape{x.size(0), x.size(1), s.oh(), s.ow()});
  // Where each maximum was, for the way back; not kept if there is none.
  auto argmax = std::make_shared<std::vector<int32_t>>();
  if (x.requires_grad() && grad_enabled()) argmax->resize(static_cast<size_t>(y.numel()));
  kernels::max_pool2d_forward(s, x.data(), y.mutable_data(), argmax->empty() ? nullptr : argmax->data());

  return autograd::record(
      op, y, {x}, [=](const Tensor& grad_y) {  // the gradient goes to each window's maximum
        Tensor grad_x(x.shape());
        kernels::max_pool2d_backward(s, grad_y.data(), argmax->data(), grad_x.mutable_data());
        autograd::accumulate_grad(x, std::move(grad_x));
      });
}

}  // namespace tinynn
