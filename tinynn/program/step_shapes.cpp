#include <algorithm>

#include <tinynn/program/step_shapes.hpp>

namespace tinynn::deploy::shape_of {
namespace {

constexpr int64_t most = most_numbers;

void expect_shape(const StepReader& s, const Tensor& tensor, const char* what, const Shape& wanted) {
  s.expect(tensor.defined() && tensor.shape() == wanted, what, " of shape ",
           tensor.defined() ? tensor.shape() : Shape{}, ", expected ", wanted);
}

void expect_image(const StepReader& s, const Shape& of) {
  s.expect(of.rank() == 3, "shape ", of, " is no image (c, h, w)");
}

bool within(const Size2& size, int64_t least) {
  return std::min(size.h, size.w) >= least && std::max(size.h, size.w) <= most;
}

// Of an image that windows move over: what they move by, and how large it is with its padding.
void expect_windows(const StepReader& s) {
  const Step& step = s.step;
  const Padding2d& p = step.padding;
  s.expect(within(step.stride, 1) && within(step.dilation, 1) && within({p.top, p.bottom}, 0) &&
               within({p.left, p.right}, 0) && step.groups >= 1 && step.groups <= most,
           "stride ", step.stride, ", padding ", p, ", dilation ", step.dilation, ", groups ", step.groups);
  const int64_t h = s.in()[1] + p.h(), w = s.in()[2] + p.w();
  s.expect(h <= most && w <= most && h * w <= most / s.in()[0], "shape ", s.in(), " with padding ", p,
           ", expected not more than 2^24 numbers");
}

// How many windows fit in a dimension.
int64_t windows(const StepReader& s, int64_t room, int64_t kernel, int64_t stride, int64_t dilation) {
  const int64_t reach = dilation * (kernel - 1) + 1;
  s.expect(reach <= room, "a window of ", reach, " is larger than the padded ", room);
  return (room - reach) / stride + 1;
}

Shape windows(const StepReader& s, int64_t channels, const Size2& kernel) {
  const Step& step = s.step;
  return {channels, windows(s, s.in()[1] + step.padding.h(), kernel.h, step.stride.h, step.dilation.h),
          windows(s, s.in()[2] + step.padding.w(), kernel.w, step.stride.w, step.dilation.w)};
}

}  // namespace

Shape same(const StepReader& s) { return s.in(); }

Shape equal(const StepReader& s) {
  s.expect(s.in(0) == s.in(1), "operands of shapes ", s.in(0), " and ", s.in(1));
  return s.in();
}

Shape linear(const StepReader& s) {
  s.expect(s.in().rank() == 1 && s.out().rank() == 1, "shapes ", s.in(), " and ", s.out(), " are no rows");
  expect_shape(s, s.step.weight, "weight", Shape{s.out()[0], s.in()[0]});
  expect_shape(s, s.step.bias, "bias", s.out());
  return s.out();
}

Shape conv2d(const StepReader& s) {
  expect_image(s, s.in());
  expect_windows(s);
  const Tensor& w = s.step.weight;
  s.expect(w.defined() && w.rank() == 4 && w.numel() > 0 && w.size(1) * s.step.groups == s.in()[0] &&
               w.size(0) % s.step.groups == 0,
           "weight of shape ", w.defined() ? w.shape() : Shape{}, " with ", s.step.groups, " groups for ",
           s.in());
  expect_shape(s, s.step.bias, "bias", Shape{w.size(0)});
  return windows(s, w.size(0), {w.size(2), w.size(3)});
}

Shape scale_shift(const StepReader& s) {
  s.expect(s.in().rank() >= 1, "one number has no channels");
  expect_shape(s, s.step.weight, "weight", Shape{s.in()[0]});
  expect_shape(s, s.step.bias, "bias", Shape{s.in()[0]});
  return s.in();
}

Shape pool2d(const StepReader& s) {
  expect_image(s, s.in());
  expect_windows(s);
  const Step& step = s.step;
  const Padding2d& p = step.padding;
  s.expect(within(step.kernel, 1) && 2 * std::max(p.top, p.bottom) <= step.kernel.h &&
               2 * std::max(p.left, p.right) <= step.kernel.w,
           "kernel ", step.kernel, " with padding ", p);
  s.expect(step.kind == &steps::max_pool2d || step.dilation == Size2(1), "dilation ", step.dilation);
  // Every window has to see a pixel: its first ones may lie in the padding, but not all.
  const Size2 reach{step.dilation.h * (step.kernel.h - 1) + 1, step.dilation.w * (step.kernel.w - 1) + 1};
  s.expect(step.dilation == Size2(1) || (reach.h <= s.in()[1] && reach.w <= s.in()[2]), "a window of ", reach,
           " with dilation ", step.dilation, " in ", s.in());
  return windows(s, s.in()[0], step.kernel);
}

Shape adaptive_pool2d(const StepReader& s) {
  expect_image(s, s.in());
  expect_image(s, s.out());
  s.expect(s.step.kernel == Size2(0) && s.step.padding == Padding2d(0) && !s.step.count_include_pad,
           "kernel ", s.step.kernel, " with padding ", s.step.padding, ", expected neither");
  s.expect(s.out()[0] == s.in()[0], "a result of shape ", s.out(), " from ", s.in());
  return s.out();
}

Shape scale_channels(const StepReader& s) {
  expect_image(s, s.in());
  s.expect(s.in(1) == Shape{s.in()[0], 1, 1}, "factors of shape ", s.in(1), " for ", s.in());
  return s.in();
}

Shape prelu(const StepReader& s) {
  s.expect(s.in().rank() >= 1, "one number has no channels");
  expect_shape(s, s.step.weight, "weight", Shape{s.in()[0]});
  return s.in();
}

Shape pad(const StepReader& s) {
  expect_image(s, s.in());
  expect_windows(s);
  return {s.in()[0], s.in()[1] + s.step.padding.h(), s.in()[2] + s.step.padding.w()};
}

Shape reduced(const StepReader& s) { return along(s).with(s.step.dim, 1); }

Shape normalize(const StepReader& s) {
  const int64_t rows = s.step.groups;
  s.expect(rows >= 1 && s.in().numel() % rows == 0, rows, " rows of ", s.in());
  s.expect(s.step.parameters[0] >= 0, "eps ", s.step.parameters[0]);
  return s.in();
}

Shape concat(const StepReader& s) {
  int64_t channels = 0;
  for (size_t i = 0; i < s.step.inputs.size(); ++i) {
    s.expect(s.in(i).rank() >= 1 && s.in(i).with(0, 1) == s.in().with(0, 1), "parts of shapes ", s.in(),
             " and ", s.in(i));
    channels += s.in(i)[0];
  }
  return s.in().with(0, channels);
}

Shape gather(const StepReader& s) {
  s.expect(std::ssize(s.step.from) == s.out().numel(), s.step.from.size(), " indices for ", s.out());
  s.expect(std::ranges::all_of(s.step.from, [&](int32_t i) { return i >= 0 && i < s.in().numel(); }),
           "a place outside ", s.in());
  return s.out();
}

Shape along(const StepReader& s) {
  s.expect(s.step.dim >= 0 && s.step.dim < s.in().rank(), "dimension ", s.step.dim, " of ", s.in());
  return s.in();
}

Shape reshape(const StepReader& s) {
  s.expect(s.in().numel() == s.out().numel(), s.in(), " as ", s.out());
  return s.out();
}

}  // namespace tinynn::deploy::shape_of
