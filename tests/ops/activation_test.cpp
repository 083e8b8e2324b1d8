// Activations against their definitions in double.
#include <algorithm>
#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

#include <tinynn/ops/activation.hpp>

#include "tests/ops/twin.hpp"
#include "tests/support/ops.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;

namespace {

struct Activation {
  const char* name;
  Tensor (*op)(const Tensor&);
  double (*twin)(double);
};

double normal_cdf(double x) { return (1 + std::erf(x / std::numbers::sqrt2)) / 2; }
double logistic(double x) { return 1 / (1 + std::exp(-x)); }

const Activation activations[] = {
    {"relu", relu, [](double x) { return std::max(x, 0.0); }},
    {"leaky_relu", [](const Tensor& x) { return leaky_relu(x); },
     [](double x) { return x > 0 ? x : 0.01 * x; }},
    {"leaky_relu of slope 0.3", [](const Tensor& x) { return leaky_relu(x, 0.3); },
     [](double x) { return x > 0 ? x : 0.3 * x; }},
    {"sigmoid", sigmoid, logistic},
    {"tanh", [](const Tensor& x) { return tanh(x); }, [](double x) { return std::tanh(x); }},
    {"silu", silu, [](double x) { return x * logistic(x); }},
    {"gelu", [](const Tensor& x) { return gelu(x); }, [](double x) { return x * normal_cdf(x); }},
    {"gelu by tanh", [](const Tensor& x) { return gelu(x, GeluFormula::tanh); },
     [](double x) {
       return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
     }},
};

Tensor times(Tensor x, float factor) {
  for (int64_t i = 0; i < x.numel(); ++i) x.mutable_data()[i] *= factor;
  return x;
}

}  // namespace

TEST_CASE("ops. activations equal their twins, gradients included") {
  test::Draw draw(210);
  for (const Activation& activation : activations) {
    CAPTURE(activation.name);
    for (int i = 0; i < 60; ++i) {
      const float scale = i % 3 == 0 ? 1.0F : i % 3 == 1 ? 6.0F : 30.0F;
      CHECK(test::twin_difference(
                draw, {times(draw.tensor(draw.shape(3, 6)), scale)},
                [&](const std::vector<Tensor>& in) { return activation.op(in[0]); },
                [&](const std::vector<test::Doubles>& in) {
                  test::Doubles y;
                  for (double x : in[0]) y.push_back(activation.twin(x));
                  return y;
                }) == "");
    }
  }
}

TEST_CASE("ops. activations of extreme values are finite or what the limit says, and NaN stays NaN") {
  for (const Activation& activation : activations) {
    CAPTURE(activation.name);
    Tensor x = tensor({-1e30F, -200, 0, 200, test::not_a_number});
    x.set_requires_grad();
    const Tensor y = activation.op(x);
    y.backward(ones({5}));
    for (size_t i = 1; i < 4; ++i) {
      CHECK(y.values()[i] ==
            doctest::Approx(activation.twin(static_cast<double>(x.values()[i]))).epsilon(1e-6));
      CHECK(std::isfinite(x.grad().values()[i]));
    }
    CHECK(!std::isnan(y.values()[0]));
    CHECK(std::isnan(y.values()[4]));
    CHECK(activation.op(zeros({0, 3})).shape() == Shape{0, 3});
  }
  Tensor zero = zeros({1});
  zero.set_requires_grad();
  relu(zero).backward();  // by convention, the slope at the corner is that of the left
  CHECK(zero.grad().item() == 0);
  const Tensor corners = test::leaf({0, 6});  // of relu6 outside
  relu6(corners).backward(ones({2}));
  CHECK(corners.grad().to_vector() == std::vector<float>{0, 0});
}

namespace {

test::Doubles naive_softmax(const test::Doubles& x, const Shape& shape, int64_t dim, bool log) {
  const auto inner = static_cast<size_t>(shape.inner(dim)), size = static_cast<size_t>(shape[dim]);
  test::Doubles sums(x.size()), y;
  const auto run = [&](size_t i) { return i / (inner * size) * inner + i % inner; };
  for (size_t i = 0; i < x.size(); ++i) sums[run(i)] += std::exp(x[i]);
  for (size_t i = 0; i < x.size(); ++i) {
    y.push_back(log ? x[i] - std::log(sums[run(i)]) : std::exp(x[i]) / sums[run(i)]);
  }
  return y;
}

}  // namespace

TEST_CASE("ops. softmax and log_softmax along any dimension equal their twins, gradients included") {
  test::Draw draw(211);
  for (int i = 0; i < 120; ++i) {
    const Shape shape = draw.shape(4, 5);
    const int64_t dim = draw.between(-shape.rank(), shape.rank() - 1);
    const bool log = draw.coin();
    CAPTURE(shape);
    CAPTURE(dim);
    CHECK(test::twin_difference(
              draw, {times(draw.tensor(shape), draw.coin() ? 1.0F : 8.0F)},
              [&](const std::vector<Tensor>& in) {
                return log ? log_softmax(in[0], dim) : softmax(in[0], dim);
              },
              [&](const std::vector<test::Doubles>& in) { return naive_softmax(in[0], shape, dim, log); }) ==
          "");
  }
}

TEST_CASE("ops. softmax of large numbers, of one number and of nothing") {
  CHECK(softmax(tensor({1e30F, 1e30F, -1e30F}), 0).to_vector() == std::vector<float>{0.5F, 0.5F, 0});
  CHECK(softmax(full({}, 3), 0).item() == 1);
  CHECK(log_softmax(full({}, 3), -1).item() == 0);
  CHECK(softmax(zeros({0, 4}), 1).shape() == Shape{0, 4});
  CHECK(softmax(zeros({4, 0}), 1).shape() == Shape{4, 0});
  CHECK(log_softmax(zeros({4, 0, 2}), 1).numel() == 0);
  CHECK(test::error_of([] { softmax(ones({2, 3}), 2); }) == "softmax: no dimension 2 in (2, 3)");
  CHECK(test::error_of([] { log_softmax(ones({2, 3}), -3); }) == "log_softmax: no dimension -3 in (2, 3)");
}

TEST_CASE("ops. softmax gives the same bits with any number of threads") {
  test::Draw draw(212);
  const Tensor x = draw.tensor({30, 40, 20});
  for (int64_t dim : {0, 1, 2}) {
    const auto run = [&] { return softmax(x, dim).to_vector(); };
    CHECK(test::bit_difference(test::with_threads(3, run), test::with_threads(1, run)) == "");
  }
}
