#include <algorithm>
#include <numeric>
#include <utility>

#include <tinynn/export/transposed.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn::deploy {

const StepKind transposed_conv2d{
    .name = "conv_transpose2d", .shape = nullptr, .make = nullptr, .has_weight = true};

Tensor outputs_first(const Tensor& weight, int64_t groups) {
  const int64_t in = weight.size(0) / groups, out = weight.size(1), h = weight.size(2), w = weight.size(3);
  return reshape(permute(reshape(weight, {groups, in, out, h, w}), {0, 2, 1, 3, 4}),
                 {groups * out, in, h, w});
}

namespace {

// Along the rows, or the columns: the outputs Y with (Y + padding) % stride == phase, which are made by the
// elements k of the kernel with (k dilation) % stride == phase. Output number m of the phase is the sum over
// t of x[m - first - t apart] weight[taps[t]]; a convolution reads from the left, so its taps are the other
// way round.
struct Phase {
  std::vector<int64_t> taps;  // of the kernel, as the convolution reads them; none: the result is the bias
  int64_t apart = 1, before = 0, after = 0;
  int64_t begin = 0, outputs = 0;  // Y of its first output, and how many there are
  int64_t skip = 0, size = 0;      // of the convolution's outputs: those before the first, and all

  Phase(int64_t phase, int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding,
        int64_t dilation) {
    const int64_t first_m = padding <= phase ? 0 : (padding - phase + stride - 1) / stride;
    begin = first_m * stride + phase - padding;
    outputs = begin < out ? (out - begin + stride - 1) / stride : 0;
    const int64_t last_m = first_m + outputs - 1;
    int64_t first = 0;
    for (int64_t k = kernel - 1; k >= 0; --k) {
      if (k * dilation % stride != phase) continue;
      taps.push_back(k);
      first = (k * dilation - phase) / stride;
    }
    apart = dilation / std::gcd(stride, dilation);
    const int64_t reach = taps.empty() ? 0 : (std::ssize(taps) - 1) * apart;
    const int64_t shift = std::min(first_m, first + reach);
    before = first + reach - shift;
    after = std::max<int64_t>(0, last_m + 1 - in - first);
    skip = first_m - shift;
    size = in + before + after - reach;
  }
};

class Expander {
 public:
  Expander(Plan& plan, const Step& step, std::vector<Step>& made)
      : plan_(plan),
        step_(step),
        in_(plan.values[step.inputs[0]]),
        out_(plan.values[step.output]),
        made_(made) {}

  void run() {
    const auto rows = phases(in_[1], out_[1], step_.weight.size(2), step_.stride.h, step_.padding.top,
                             step_.dilation.h),
               columns = phases(in_[2], out_[2], step_.weight.size(3), step_.stride.w, step_.padding.left,
                                step_.dilation.w);
    from_.resize(static_cast<size_t>(out_.numel()));
    for (const Phase& r : rows) {
      for (const Phase& c : columns) convolve(r, c);
    }
    int all = parts_[0];
    if (parts_.size() > 1)
      all = push({.kind = &steps::concat, .inputs = parts_, .output = 0}, Shape{numbers_});
    Step gather{.kind = &steps::gather, .inputs = {all}, .output = step_.output};
    gather.from = std::move(from_);
    made_.push_back(std::move(gather));
  }

 private:
  static std::vector<Phase> phases(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding,
                                   int64_t dilation) {
    std::vector<Phase> result;
    for (int64_t phase = 0; phase < stride; ++phase) {
      const Phase made(phase, in, out, kernel, stride, padding, dilation);
      if (made.outputs > 0) result.push_back(made);
    }
    return result;
  }

  int push(Step step, const Shape& shape) {
    plan_.values.push_back(shape);
    step.output = static_cast<int>(plan_.values.size()) - 1;
    made_.push_back(std::move(step));
    return made_.back().output;
  }

  void convolve(const Phase& rows, const Phase& columns) {
    Step conv{.kind = &steps::conv2d, .inputs = step_.inputs, .output = 0};
    conv.weight = part_of_weight(rows, columns);
    conv.bias = step_.bias;
    conv.dilation = {rows.apart, columns.apart};
    conv.padding = {rows.before, rows.after, columns.before, columns.after};
    conv.groups = step_.groups;
    conv.activation = step_.activation;
    conv.activation_parameters = step_.activation_parameters;
    const Shape made{out_[0], rows.size, columns.size};
    const int image = push(std::move(conv), made);
    parts_.push_back(push({.kind = &steps::reshape, .inputs = {image}, .output = 0}, Shape{made.numel()}));
    for (int64_t o = 0; o < out_[0]; ++o) {
      for (int64_t i = 0; i < rows.outputs; ++i) {
        const int64_t y = rows.begin + i * step_.stride.h;
        for (int64_t j = 0; j < columns.outputs; ++j) {
          const int64_t x = columns.begin + j * step_.stride.w;
          from_[(o * out_[1] + y) * out_[2] + x] = static_cast<int32_t>(
              numbers_ + (o * rows.size + rows.skip + i) * columns.size + columns.skip + j);
        }
      }
    }
    numbers_ += made.numel();
  }

  // Zero, of one element, where no element of the kernel reaches.
  Tensor part_of_weight(const Phase& rows, const Phase& columns) const {
    const Tensor& w = step_.weight;
    const int64_t h = std::max<int64_t>(1, std::ssize(rows.taps)),
                  v = std::max<int64_t>(1, std::ssize(columns.taps));
    Tensor part = zeros({w.size(0), w.size(1), h, v});
    if (rows.taps.empty() || columns.taps.empty()) return part;
    float* to = part.mutable_data();
    for (int64_t plane = 0; plane < w.size(0) * w.size(1); ++plane) {
      for (const int64_t r : rows.taps) {
        for (const int64_t c : columns.taps) *to++ = w.data()[(plane * w.size(2) + r) * w.size(3) + c];
      }
    }
    return part;
  }

  Plan& plan_;
  const Step& step_;
  const Shape in_, out_;
  std::vector<Step>& made_;
  std::vector<int> parts_;
  std::vector<int32_t> from_;
  int64_t numbers_ = 0;  // of the parts so far
};

}  // namespace

Plan without_transposed(Plan plan) {
  std::vector<Step> steps;
  for (Step& step : plan.steps) {
    if (step.kind == &transposed_conv2d) {
      Expander(plan, step, steps).run();
    } else {
      steps.push_back(std::move(step));
    }
  }
  plan.steps = std::move(steps);
  return plan;
}

}  // namespace tinynn::deploy
