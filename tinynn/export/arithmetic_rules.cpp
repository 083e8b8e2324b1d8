#include <algorithm>
#include <limits>

#include <tinynn/core/error.hpp>
#include <tinynn/export/planner.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn::deploy {

using autograd::Attributes;

void Planner::scale_shift(const Operation& operation, int x, const Tensor& scale, const Tensor& shift) {
  const Shape out = result_of(operation);
  const auto step = [&](int from) {
    const Shape flat{scale.numel()};
    return Step{.kind = &steps::scale_shift,
                .inputs = {from},
                .output = 0,
                .weight = reshape(scale, flat),
                .bias = reshape(shift, flat)};
  };
  const bool by_channel = out.rank() >= 1 && scale.numel() == out[0];
  Step made = by_channel ? step(x) : Step{.kind = &steps::reshape, .inputs = {}, .output = 0};
  if (!by_channel) made.inputs = {pushed(step(reshaped(x, Shape{out.numel()})), Shape{out.numel()})};
  made.output = add_value_of(operation.output);
  push(made);
}

Tensor Planner::one_for_all(const Operation& operation, double number) const {
  const Shape out = result_of(operation);
  return full({out.rank() == 0 ? 1 : out[0]}, number);
}

Tensor Planner::spread(const Operation& operation, size_t input) {
  const Shape out = result_of(operation);
  Tensor numbers = constant(operation, input);
  if (numbers.numel() == 1) return one_for_all(operation, static_cast<double>(numbers.data()[0]));
  if (numbers.rank() > out.rank()) {
    if (numbers.size(0) != 1) refuse(operation, "with a constant that differs from sample to sample");
    numbers = squeeze(numbers, 0);
  }
  const bool by_channel =
      numbers.rank() == out.rank() && numbers.size(0) == out[0] && numbers.numel() == out[0];
  return by_channel ? reshape(numbers, {out[0]}) : tinynn::add(zeros(out), numbers);
}

int Planner::broadcast(const Operation& operation, size_t input) {
  const Shape out = result_of(operation), in = sample_of(operation, input);
  const int from = number_.at(operation.inputs[input]);
  if (in == out) return from;
  if (in.rank() != out.rank()) refuse(operation, "of values whose samples are not in one dimension");
  check(in.numel() < 1 << 24, "deploy: ", operation.op->name, " of more than 2^24 numbers a sample");
  Tensor places(in);
  for (int64_t i = 0; i < in.numel(); ++i) places.mutable_data()[i] = static_cast<float>(i);
  Step repeat{.kind = &steps::gather, .inputs = {from}, .output = 0};
  for (const float place : tinynn::add(zeros(out), places).values())
    repeat.from.push_back(static_cast<int32_t>(place));
  return pushed(repeat, out);
}

std::optional<size_t> Planner::beside_constant(const Operation& operation) const {
  for (const size_t input : {0, 1}) {
    if (is_constant(operation.inputs[1 - input])) return input;
  }
  return {};
}

void Planner::of_two(const StepKind& kind, const Operation& operation) {
  Step made{.kind = &kind, .inputs = {broadcast(operation, 0), broadcast(operation, 1)}, .output = 0};
  made.output = add_value_of(operation.output);
  push(made);
}

void Planner::add(const Operation& operation) {
  const auto x = beside_constant(operation);
  if (!x) return of_two(steps::add, operation);
  const Tensor shift = spread(operation, 1 - *x);
  scale_shift(operation, broadcast(operation, *x), full(shift.shape(), 1), shift);
}

void Planner::subtract(const Operation& operation) {
  const auto x = beside_constant(operation);
  if (!x) return of_two(steps::subtract, operation);
  const Tensor constants = spread(operation, 1 - *x);
  const double sign = *x == 0 ? 1 : -1;  // of x
  scale_shift(operation, broadcast(operation, *x), full(constants.shape(), sign), mul(constants, -sign));
}

void Planner::multiply(const Operation& operation) {
  if (const auto x = beside_constant(operation)) {
    const Tensor scale = spread(operation, 1 - *x);
    return scale_shift(operation, broadcast(operation, *x), scale, zeros(scale.shape()));
  }
  const Shape out = result_of(operation);
  for (const size_t image : {0, 1}) {
    if (out.rank() != 3 || sample_of(operation, image) != out ||
        sample_of(operation, 1 - image) != Shape{out[0], 1, 1} || out.inner(0) == 1)
      continue;
    Step made = step(steps::scale_channels, operation, image);
    made.inputs.push_back(number_.at(operation.inputs[1 - image]));
    return push(made);
  }
  of_two(steps::multiply, operation);
}

void Planner::divide(const Operation& operation) {
  const auto x = beside_constant(operation);
  if (!x) return of_two(steps::divide, operation);
  const Tensor constants = spread(operation, 1 - *x);
  int numbers = broadcast(operation, *x);
  if (*x == 1) {
    numbers =
        pushed({.kind = step_of_operation("scalar_div"), .inputs = {numbers}, .output = 0, .parameters = {1}},
               result_of(operation));
  }
  const Tensor scale = *x == 0 ? div(1, constants) : constants;
  scale_shift(operation, numbers, scale, zeros(scale.shape()));
}

// Beside a constant, a bound.
void Planner::clamped(const StepKind& kind, const Operation& operation) {
  const auto x = beside_constant(operation);
  if (!x) return of_two(kind, operation);
  const Tensor bound = constant(operation, 1 - *x);
  if (bound.numel() != 1) refuse(operation, "with a constant that is not one number");
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto number = static_cast<double>(bound.data()[0]);
  Step made{.kind = step_of_operation("clamp"), .inputs = {broadcast(operation, *x)}, .output = 0};
  made.parameters = {&kind == &steps::maximum ? number : -infinity,
                     &kind == &steps::maximum ? infinity : number};
  made.output = add_value_of(operation.output);
  push(made);
}
void Planner::maximum(const Operation& operation) { clamped(steps::maximum, operation); }
void Planner::minimum(const Operation& operation) { clamped(steps::minimum, operation); }

namespace {

double number(const graph::Operation& operation) { return Attributes(operation.attributes).number("value"); }

}  // namespace

// y = x scale + shift
void Planner::scalar(const Operation& operation, double scale, double shift) {
  scale_shift(operation, broadcast(operation, 0), one_for_all(operation, scale),
              one_for_all(operation, shift));
}
void Planner::add_scalar(const Operation& operation) { scalar(operation, 1, number(operation)); }
void Planner::scalar_subtract(const Operation& operation) { scalar(operation, -1, number(operation)); }
void Planner::multiply_scalar(const Operation& operation) { scalar(operation, number(operation), 0); }
void Planner::divide_scalar(const Operation& operation) { scalar(operation, 1 / number(operation), 0); }

// One dimension after the other; those that are reduced stay, of size 1.
int Planner::reduced(const StepKind& kind, const Operation& operation) {
  auto dims = Attributes(operation.attributes).list("dim");
  if (dims.empty() || std::ranges::find(dims, 0) != dims.end()) refuse(operation, "over samples");
  int made = number_.at(operation.inputs[0]);
  Shape shape = sample_of(operation);
  for (const int64_t dim : dims) {
    shape = shape.with(dim - 1, 1);
    made = pushed({.kind = &kind, .inputs = {made}, .output = 0, .dim = dim - 1}, shape);
  }
  return made;
}

void Planner::sum(const Operation& operation) { from_reduced(operation, reduced(steps::sum, operation)); }
void Planner::amax(const Operation& operation) { from_reduced(operation, reduced(steps::amax, operation)); }

void Planner::from_reduced(const Operation& operation, int made) {
  push({.kind = &steps::reshape, .inputs = {made}, .output = add_value_of(operation.output)});
}

void Planner::mean(const Operation& operation) {
  const Shape x = sample_of(operation), out = result_of(operation);
  auto dims = Attributes(operation.attributes).list("dim");
  std::ranges::sort(dims);
  if (x.rank() == 3 && dims == std::vector<int64_t>{2, 3}) {  // of an image: pooling is faster
    return from_reduced(operation, pushed({.kind = &steps::adaptive_avg_pool2d,
                                           .inputs = {number_.at(operation.inputs[0])},
                                           .output = 0},
                                          {x[0], 1, 1}));
  }
  const int sums = reshaped(reduced(steps::sum, operation), out);
  const double share = static_cast<double>(out.numel()) / static_cast<double>(x.numel());
  scale_shift(operation, sums, one_for_all(operation, share), one_for_all(operation, 0));
}

}  // namespace tinynn::deploy
