#include <algorithm>

#include <tinynn/core/error.hpp>
#include <tinynn/program/check_plan.hpp>

namespace tinynn::deploy {
namespace {

using Kind = Step::Kind;

// Sizes beyond this are no network's, and their products might overflow.
constexpr int64_t most = int64_t{1} << 24;

class Checker {
 public:
  explicit Checker(const Plan& plan) : plan_(plan), made_(plan.values.size()) {}

  void run() {
    for (const Shape& shape : plan_.values) {
      int64_t numbers = 1;
      for (const int64_t size : shape) {
        check(size >= 1 && size <= most && numbers * size <= most, "plan: a value of shape ", shape,
              ", expected sizes of at least 1 and not more than 2^24 numbers");
        numbers *= size;
      }
    }
    check(is_value(plan_.input) && is_value(plan_.output), "plan: the input is value ", plan_.input,
          " and the output value ", plan_.output, " of ", plan_.values.size());
    made_[static_cast<size_t>(plan_.input)] = true;
    for (number_ = 0; number_ < plan_.steps.size(); ++number_) {
      step_ = &plan_.steps[number_];
      check_values();
      check_kind();
      made_[static_cast<size_t>(step_->output)] = true;
    }
    check(made_[static_cast<size_t>(plan_.output)], "plan: no step makes the output");
  }

 private:
  bool is_value(int v) const { return v >= 0 && static_cast<size_t>(v) < plan_.values.size(); }
  const Shape& shape(int v) const { return plan_.values[static_cast<size_t>(v)]; }
  const Shape& in(size_t i = 0) const { return shape(step_->inputs[i]); }
  const Shape& out() const { return shape(step_->output); }

  template <class... Parts>
  void expect(bool holds, const Parts&... parts) const {
    check(holds, "plan: step ", number_, ", ", name_of(step_->kind), ": ", parts...);
  }

  void check_values() const {
    const bool two = step_->kind == Kind::add || step_->kind == Kind::subtract ||
                     step_->kind == Kind::multiply || step_->kind == Kind::scale_channels;
    const size_t least = two ? 2 : 1;
    expect(step_->inputs.size() == least || (step_->kind == Kind::concat && !step_->inputs.empty()),
           step_->inputs.size(), " inputs, expected ", least);
    for (const int v : step_->inputs) {
      expect(is_value(v) && made_[static_cast<size_t>(v)], "input ", v, " is not there by then");
    }
    expect(is_value(step_->output) && !made_[static_cast<size_t>(step_->output)], "output ", step_->output,
           " is there already, or no value at all");
  }

  void expect_shape(const Tensor& tensor, const char* what, const Shape& wanted) const {
    expect(tensor.defined() && tensor.shape() == wanted, what, " of shape ",
           tensor.defined() ? tensor.shape() : Shape{}, ", expected ", wanted);
  }
  void expect_out(const Shape& wanted) const {
    expect(out() == wanted, "a result of shape ", out(), ", expected ", wanted);
  }
  void expect_image(const Shape& of) const { expect(of.rank() == 3, "shape ", of, " is no image (c, h, w)"); }
  void expect_window() const {
    expect(step_->stride >= 1 && step_->stride <= most && step_->padding >= 0 && step_->padding <= most &&
               step_->dilation >= 1 && step_->dilation <= most && step_->groups >= 1 && step_->groups <= most,
           "stride ", step_->stride, ", padding ", step_->padding, ", dilation ", step_->dilation,
           ", groups ", step_->groups);
    const int64_t h = in()[1] + 2 * step_->padding, w = in()[2] + 2 * step_->padding;
    expect(h <= most && w <= most && h * w <= most / in()[0], "shape ", in(), " with padding ",
           step_->padding, ", expected not more than 2^24 numbers");
  }
  // How many windows fit in a dimension.
  int64_t windows(int64_t size, int64_t kernel) const {
    const int64_t reach = step_->dilation * (kernel - 1) + 1, room = size + 2 * step_->padding;
    expect(reach <= room, "a window of ", reach, " is larger than the padded ", room);
    return (room - reach) / step_->stride + 1;
  }

  void check_kind() const {
    switch (step_->kind) {
      case Kind::linear:
        expect(in().rank() == 1 && out().rank() == 1, "shapes ", in(), " and ", out(), " are no rows");
        expect_shape(step_->weight, "weight", Shape{out()[0], in()[0]});
        expect_shape(step_->bias, "bias", out());
        break;
      case Kind::conv2d: check_conv2d(); break;
      case Kind::scale_shift:
        expect(in().rank() >= 1, "one number has no channels");
        expect_shape(step_->weight, "weight", Shape{in()[0]});
        expect_shape(step_->bias, "bias", Shape{in()[0]});
        expect_out(in());
        break;
      case Kind::max_pool2d:
      case Kind::avg_pool2d: check_pool(); break;
      case Kind::add:
      case Kind::subtract:
      case Kind::multiply:
        expect(in(0) == in(1), "operands of shapes ", in(0), " and ", in(1));
        expect_out(in());
        break;
      case Kind::scale_channels:
        expect_image(in());
        expect(in(1).numel() == in()[0], "factors of shape ", in(1), " for ", in());
        expect_out(in());
        break;
      case Kind::concat: check_concat(); break;
      case Kind::gather:
        expect(static_cast<int64_t>(step_->from.size()) == out().numel(), step_->from.size(), " places for ",
               out());
        expect(std::ranges::all_of(step_->from, [&](int32_t i) { return i >= 0 && i < in().numel(); }),
               "a place outside ", in());
        break;
      case Kind::softmax:
      case Kind::log_softmax:
        expect(step_->dim >= 0 && step_->dim < in().rank(), "dimension ", step_->dim, " of ", in());
        expect_out(in());
        break;
      case Kind::activation: expect_out(in()); break;
      case Kind::reshape:
        expect(in().numel() == out().numel(), in(), " as ", out());
        expect(step_->activation == Activation::none, "with an activation");
        break;
    }
  }

  void check_conv2d() const {
    expect_image(in());
    expect_window();
    const Tensor& w = step_->weight;
    expect(w.defined() && w.rank() == 4 && w.numel() > 0 && w.size(1) * step_->groups == in()[0] &&
               w.size(0) % step_->groups == 0,
           "weight of shape ", w.defined() ? w.shape() : Shape{}, " with ", step_->groups, " groups for ",
           in());
    expect_shape(step_->bias, "bias", Shape{w.size(0)});
    expect_out(Shape{w.size(0), windows(in()[1], w.size(2)), windows(in()[2], w.size(3))});
  }

  void check_pool() const {
    expect_image(in());
    expect_window();
    if (step_->kernel == 0 && step_->kind == Kind::avg_pool2d) {
      expect_image(out());
      return expect(out()[0] == in()[0] && out()[1] <= in()[1] && out()[2] <= in()[2], "a result of shape ",
                    out(), " from ", in());
    }
    expect(step_->kernel >= 1 && step_->kernel <= most && 2 * step_->padding <= step_->kernel &&
               step_->dilation == 1,
           "kernel ", step_->kernel, " with padding ", step_->padding, " and dilation ", step_->dilation);
    expect_out(Shape{in()[0], windows(in()[1], step_->kernel), windows(in()[2], step_->kernel)});
  }

  void check_concat() const {
    int64_t channels = 0;
    for (size_t i = 0; i < step_->inputs.size(); ++i) {
      expect(in(i).rank() >= 1 && in(i).with(0, 1) == in().with(0, 1), "parts of shapes ", in(), " and ",
             in(i));
      channels += in(i)[0];
    }
    expect_out(in().with(0, channels));
  }

  const Plan& plan_;
  std::vector<bool> made_;
  const Step* step_ = nullptr;
  size_t number_ = 0;
};

}  // namespace

void check_plan(const Plan& plan) { Checker(plan).run(); }

}  // namespace tinynn::deploy
