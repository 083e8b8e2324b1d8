#include <tinynn/autograd/record.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/ops/activation.hpp>

namespace tinynn {

Tensor relu(const Tensor& x) {
  static const autograd::Op op{"relu"};
  Tensor y(x.shape());
  kernels::map(x.numel(), x.data(), y.mutable_data(), [](float v) { return v < 0 ? 0 : v; });
  // grad_x = grad_y where y > 0
  return autograd::record(op, y, {x}, [x, values = y.detach()](const Tensor& grad_y) {
    Tensor grad_x(x.shape());
    kernels::map(x.numel(), values.data(), grad_y.data(), grad_x.mutable_data(),
                 [](float v, float g) { return v > 0 ? g : 0; });
    autograd::accumulate_grad(x, std::move(grad_x));
  });
}

}  // namespace tinynn
