#include <tinynn/core/error.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/init.hpp>

namespace tinynn::nn {

Conv2d::Conv2d(int64_t in, int64_t out, int64_t kernel, const Conv2dOptions& options)
    : stride(options.stride), padding(options.padding), dilation(options.dilation) {
  check(options.groups >= 1 && in % options.groups == 0 && out % options.groups == 0,
        "Conv2d: ", options.groups, " groups do not divide ", in, " input and ", out, " output channels");
  weight = init::default_weight({out, in / options.groups, kernel, kernel});
  if (options.bias) bias = init::default_bias(weight.shape());
}

void Conv2d::members(Visitor& v) {
  v("weight", weight);
  v("bias", bias);
}

Tensor Conv2d::forward(const Tensor& x) {
  check(x.rank() == 4 && x.size(1) > 0 && x.size(1) % weight.size(1) == 0, "Conv2d: input ", x.shape(),
        " does not fit weight ", weight.shape());
  // The number of groups follows from the sizes, so that cutting channels needs no record of it.
  const int64_t groups = x.size(1) / weight.size(1);
  return conv2d(x, weight, bias,
                {.stride = stride, .padding = padding, .dilation = dilation, .groups = groups});
}

}  // namespace tinynn::nn
