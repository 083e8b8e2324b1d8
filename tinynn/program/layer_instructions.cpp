#include <algorithm>
#include <optional>
#include <vector>

#include <tinynn/kernels/conv2d_kernel.hpp>
#include <tinynn/kernels/linear_kernel.hpp>
#include <tinynn/program/instructions.hpp>

namespace tinynn::deploy {
namespace {

using kernels::Conv2dKernel, kernels::LinearKernel, kernels::LinearSampleKernel, kernels::SparsePattern;

// Blocks and images go by the densities of kernels/sparse.hpp, as in training; a single sample has no vectors
// to multiply with one weight.
constexpr double sparse_density_of_one = 0.07;

// What of a weight is not zero, if that is at most `density` of it.
std::optional<SparsePattern> sparse_pattern(const Tensor& weight, double density) {
  const int64_t rows = weight.size(0), columns = weight.shape().inner(0);
  const bool is_sparse =
      static_cast<double>(count_nonzero(weight)) <= density * static_cast<double>(weight.numel());
  if (!is_sparse || !SparsePattern::fits(rows, columns)) return {};
  std::vector<uint8_t> alive(weight.values().size());
  std::ranges::transform(weight.values(), alive.begin(), [](float value) { return value != 0; });
  return SparsePattern(alive.data(), rows, columns);
}

// A LinearKernel or LinearSampleKernel of all of the weight or of what is alive.
template <class Kernel, class... Arguments>
Kernel prepare(const Tensor& weight, double density, Arguments... arguments) {
  const auto live = sparse_pattern(weight, density);
  if (live) return Kernel(live->by_rows(), weight.data(), arguments...);
  return Kernel(weight.size(0), weight.size(1), weight.data(), arguments...);
}

std::optional<SparsePattern> live_weights(const Step& conv2d, const kernels::Conv2dSizes& sizes) {
  if (conv2d.groups > 1) return {};
  return sparse_pattern(conv2d.weight, kernels::sparse_conv2d_density_for(sizes));
}

}  // namespace

Instruction make_linear(const StepMaker& maker) {
  const Step& step = maker.step;
  const Slot x = maker.x(), y = maker.y();
  if (maker.order == Order::block) {
    return [=, bias = step.bias,
            kernel = prepare<LinearKernel>(step.weight, kernels::sparse_linear_density_for(block_size),
                                           block_size)](const Frame& frame) {
      kernel(frame.samples, x.read(frame), bias.data(), y(frame));
    };
  }
  const auto kernel = prepare<LinearSampleKernel>(step.weight, sparse_density_of_one);
  const int64_t scratch_at = maker.scratch(kernel.scratch_size());
  return [=, bias = step.bias](const Frame& frame) {
    kernel(x.read(frame), bias.data(), frame.scratch + scratch_at, y(frame));
  };
}

kernels::Conv2dSizes conv2d_sizes(const Plan& plan, const Step& step) {
  const Shape &in = plan.values[step.inputs[0]], &weight = step.weight.shape();
  return {.n = 1,
          .c = in[0],
          .h = in[1],
          .w = in[2],
          .o = weight[0],
          .kh = weight[2],
          .kw = weight[3],
          .stride = step.stride,
          .padding = step.padding,
          .dilation = step.dilation,
          .groups = step.groups};
}

bool is_by_winograd(const Plan& plan, const Step& step) {
  if (step.kind != &steps::conv2d || in_bytes(plan, step)) return false;
  const kernels::Conv2dSizes sizes = conv2d_sizes(plan, step);
  return kernels::winograd_suits(sizes) && !live_weights(step, sizes);
}

Instruction make_conv2d(const StepMaker& maker) {
  const Step& step = maker.step;
  const Slot x = maker.x(), y = maker.y();
  const kernels::Conv2dSizes sizes = conv2d_sizes(maker.plan(), step);
  const auto live = live_weights(step, sizes);
  const Conv2dKernel kernel(sizes, step.weight.data(), live ? &*live : nullptr);
  const int64_t scratch_at = maker.scratch(kernel.scratch_size());
  return [=, bias = step.bias](const Frame& frame) {
    if (x.by_pixels) std::fill_n(x(frame) - sizes.c, sizes.c, 0.0F);  // what is around the image
    kernel(x.read(frame), bias.data(), frame.scratch + scratch_at, y(frame), {x.by_pixels, y.by_pixels});
  };
}

}  // namespace tinynn::deploy
