// layer_norm and group_norm against one twin, and what they refuse.
#include <cmath>

#include <doctest/doctest.h>

#include <tinynn/ops/norm.hpp>

#include "tests/ops/twin.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;

namespace {

using Inputs = const std::vector<Tensor>&;
using Numbers = const std::vector<test::Doubles>&;

// Rows of `columns` numbers; number i has weight i / span % weights. Inputs are x, and weight and bias if it
// has.
test::Doubles naive(Numbers in, bool has_weight, bool has_bias, int64_t columns, int64_t span, double eps) {
  const test::Doubles& x = in[0];
  const auto count = static_cast<size_t>(columns);
  test::Doubles y(x.size());
  for (size_t row = 0; row < x.size(); row += count) {
    double mean = 0, variance = 0;
    for (size_t k = 0; k < count; ++k) mean += x[row + k] / static_cast<double>(count);
    for (size_t k = 0; k < count; ++k)
      variance += std::pow(x[row + k] - mean, 2) / static_cast<double>(count);
    for (size_t k = 0; k < count; ++k) y[row + k] = (x[row + k] - mean) / std::sqrt(variance + eps);
  }
  for (size_t i = 0; i < y.size(); ++i) {
    if (has_weight) y[i] *= in[1][i / static_cast<size_t>(span) % in[1].size()];
    if (has_bias) y[i] += in.back()[i / static_cast<size_t>(span) % in.back().size()];
  }
  return y;
}

// Draws x, and by chance weight and bias; holds the operation against the twin.
struct Trial {
  bool has_weight, has_bias;
  std::vector<Tensor> inputs;

  Trial(test::Draw& draw, const Shape& x, const Shape& weight)
      : has_weight(draw.coin()), has_bias(draw.coin()), inputs{draw.tensor(x)} {
    if (has_weight) inputs.push_back(draw.tensor(weight));
    if (has_bias) inputs.push_back(draw.tensor(weight));
  }
  Tensor weight(Inputs in) const { return has_weight ? in[1] : Tensor(); }
  Tensor bias(Inputs in) const { return has_bias ? in.back() : Tensor(); }
};

// Few numbers can lie so close that 1 / sqrt(variance) magnifies the rounding of float.
double tolerance(int64_t columns) { return columns < 8 ? 5e-3 : 1e-4; }

}  // namespace

TEST_CASE("ops. layer_norm equals its twin, gradients included") {
  test::Draw draw(250);
  for (int i = 0; i < 80; ++i) {
    const Shape shape = draw.shape(4, 7);
    const int64_t dims = draw.between(1, shape.rank());
    const Shape last(std::span(shape.end() - dims, shape.end()));
    const double eps = draw.coin() ? 1e-5 : 0.1;
    CAPTURE(shape);
    CAPTURE(dims);
    const Trial t(draw, shape, last);
    CHECK(test::twin_difference(
              draw, t.inputs,
              [&](Inputs in) { return layer_norm(in[0], dims, t.weight(in), t.bias(in), eps); },
              [&](Numbers in) { return naive(in, t.has_weight, t.has_bias, last.numel(), 1, eps); },
              tolerance(last.numel())) == "");
  }
}

TEST_CASE("ops. group_norm equals its twin, gradients included") {
  test::Draw draw(251);
  for (int i = 0; i < 80; ++i) {
    const int64_t groups = draw.between(1, 4), per_group = draw.between(1, 4), c = groups * per_group;
    std::vector<int64_t> sizes{draw.between(1, 4), c};
    for (int64_t more = draw.between(0, 2); more > 0; --more) sizes.push_back(draw.between(1, 7));
    const Shape shape(sizes);
    const int64_t inner = shape.inner(1);
    const double eps = draw.coin() ? 1e-5 : 0.1;
    CAPTURE(shape);
    CAPTURE(groups);
    const Trial t(draw, shape, {c});
    CHECK(test::twin_difference(
              draw, t.inputs,
              [&](Inputs in) { return group_norm(in[0], groups, t.weight(in), t.bias(in), eps); },
              [&](Numbers in) { return naive(in, t.has_weight, t.has_bias, per_group * inner, inner, eps); },
              tolerance(per_group * inner)) == "");
  }
}

TEST_CASE("ops. what a row has in common is taken off, however large, and its other rows are left alone") {
  test::Draw draw(252);
  Tensor x = draw.tensor({4, 64});
  for (float& v : std::span(x.mutable_data() + 64, 64)) v += 1000;
  std::fill_n(x.mutable_data() + 128, 64, 12345.678F);
  x.mutable_data()[192] = test::not_a_number;
  const Tensor y = layer_norm(x, 1);
  const auto plain = test::doubles(x);
  const test::Doubles two_rows(plain.begin(), plain.begin() + 128);
  CHECK(test::difference(y.values().first(128), naive({two_rows}, false, false, 64, 1, 1e-5), 1e-3) == "");
  for (int64_t i = 128; i < 192; ++i) CHECK(y.data()[i] == 0);
  for (int64_t i = 192; i < 256; ++i) CHECK(std::isnan(y.data()[i]));
}

TEST_CASE("ops. layer_norm and group_norm of nothing") {
  Tensor weight = ones({4}), x = zeros({0, 4});
  weight.set_requires_grad();
  x.set_requires_grad();
  layer_norm(x, 1, weight).backward(zeros({0, 4}));
  CHECK(weight.grad().to_vector() == std::vector<float>(4, 0));
  weight.zero_grad();
  Tensor no_pixels = zeros({2, 4, 0});
  no_pixels.set_requires_grad();
  const Tensor y = group_norm(no_pixels, 2, weight);
  y.backward(zeros({2, 4, 0}));
  CHECK(y.shape() == Shape{2, 4, 0});
  CHECK(weight.grad().to_vector() == std::vector<float>(4, 0));
}

TEST_CASE("ops. layer_norm and group_norm name what does not fit") {
  const auto of_layers = [](const Shape& x, int64_t dims, const Tensor& weight, const Tensor& bias) {
    return test::error_of([&] { layer_norm(ones(x), dims, weight, bias); });
  };
  CHECK(
      of_layers({4, 2}, 0, {}, {}) ==
      "layer_norm: over the last 0 dimensions of input (4, 2): expected at least 1, and as many as there are "
      "at most");
  CHECK(of_layers({4, 2}, 3, {}, {}).starts_with("layer_norm: over the last 3 dimensions of input (4, 2): "));
  CHECK(of_layers({4, 2}, 1, ones({3}), {}) ==
        "layer_norm: weight (3) does not fit input (4, 2): expected (2)");
  CHECK(of_layers({4, 2}, 2, ones({4, 2}), ones({2})) ==
        "layer_norm: bias (2) does not fit input (4, 2): expected (4, 2)");
  const auto of_groups = [](const Shape& x, int64_t groups, const Tensor& weight) {
    return test::error_of([&] { group_norm(ones(x), groups, weight); });
  };
  CHECK(of_groups({4}, 1, {}) == "group_norm: input (4) is not (n, c, ...) with channels");
  CHECK(of_groups({4, 0}, 1, {}) == "group_norm: input (4, 0) is not (n, c, ...) with channels");
  CHECK(of_groups({1, 4}, 3, {}) == "group_norm: 3 groups do not divide the channels of input (1, 4)");
  CHECK(of_groups({1, 4}, 0, {}) == "group_norm: 0 groups do not divide the channels of input (1, 4)");
  CHECK(of_groups({1, 4}, 2, ones({2})) == "group_norm: weight (2) does not fit input (1, 4): expected (4)");
}

TEST_CASE("ops. layer_norm and group_norm give the same bits with any number of threads") {
  test::Draw draw(253);
  Tensor x = draw.tensor({70, 40, 9, 9}), per_channel = draw.tensor({40}), per_element = draw.tensor({9, 9});
  const Tensor grad_y = draw.tensor(x.shape());
  for (Tensor* t : {&x, &per_channel, &per_element}) t->set_requires_grad();
  const auto run = [&] {
    for (Tensor* t : {&x, &per_channel, &per_element}) t->zero_grad();
    (layer_norm(x, 2, per_element, per_element)).backward(grad_y);
    (group_norm(x, 8, per_channel, per_channel)).backward(grad_y);
    std::vector<float> all = x.grad().to_vector();
    for (const Tensor& grad : {per_channel.grad(), per_element.grad()})
      all.insert(all.end(), grad.values().begin(), grad.values().end());
    return all;
  };
  const auto one = test::with_threads(1, run);
  for (int64_t threads : {2, 3}) CHECK(test::bit_difference(test::with_threads(threads, run), one) == "");
}
