#include <limits>

#include <doctest/doctest.h>

#include <tinynn/autograd/gradcheck.hpp>
#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/autograd/parameter.hpp>
#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/linear.hpp>
#include <tinynn/ops/pointwise.hpp>

#include "tests/support/draw.hpp"

using namespace tinynn;

namespace {

// x^2 whose backward says `wrong` of the truth at one element.
Tensor square(const Tensor& x, int64_t where, float wrong) {
  static const autograd::Op op{"test_square"};
  Tensor y(x.shape());
  for (int64_t i = 0; i < x.numel(); ++i) y.mutable_data()[i] = x.data()[i] * x.data()[i];
  return autograd::record(op, y, {x}, [=](const Tensor& grad_y) {
    Tensor grad_x(x.shape());
    for (int64_t i = 0; i < x.numel(); ++i) {
      grad_x.mutable_data()[i] = 2 * x.data()[i] * grad_y.data()[i] * (i == where ? wrong : 1);
    }
    autograd::accumulate_grad(x, std::move(grad_x));
  });
}

Tensor wanted(std::initializer_list<float> values) { return tensor(values).set_requires_grad(); }

}  // namespace

TEST_CASE("gradcheck. a wrong backward is found, and where") {
  const Tensor a = wanted({1}), x = wanted({1, -2, 3});
  const auto with_error = [&](float wrong) {
    return gradcheck([=](const auto& in) { return in[0] + square(in[1], 1, wrong); }, {a, x});
  };
  CHECK(with_error(1).ok);
  CHECK(with_error(1).message == "");
  CHECK(with_error(1).worst < 0.5);
  for (const float wrong : {-1.0F, 0.0F, 0.9F, 1.1F, 2.0F}) {
    const auto result = with_error(wrong);
    CHECK(!result.ok);
    CHECK(result.worst > 1);
    CHECK(result.input == 1);
    CHECK(result.element == 1);
    CHECK(result.message.find("gradcheck: input 1 of shape (3), element 1: the analytic gradient is ") == 0);
  }
  CHECK(!with_error(std::numeric_limits<float>::quiet_NaN()).ok);
  CHECK_THROWS_AS(require_gradcheck([](const auto& in) { return square(in[0], 0, 2); }, {x}), Error);
  CHECK_NOTHROW(require_gradcheck([](const auto& in) { return square(in[0], 0, 1); }, {x}));
}

TEST_CASE("gradcheck. step and tolerance are options") {
  const auto slightly_wrong = [](const auto& in) { return square(in[0], 0, 1.004F); };
  CHECK(gradcheck(slightly_wrong, {wanted({1, 1})}).ok);
  CHECK(!gradcheck(slightly_wrong, {wanted({1, 1})}, {.tolerance = 1e-3}).ok);
  // Far from the point, differences of a curved function say something else.
  CHECK(!gradcheck([](const auto& in) { return exp(in[0]); }, {wanted({0, 1})}, {.step = 0.5}).ok);
}

TEST_CASE("gradcheck. parameters and their gradients are left alone") {
  test::Draw draw(90);
  Parameter weight(draw.tensor({2, 3})), bias(draw.tensor({2}));
  weight.prune(draw.mask(weight.shape()));
  const auto before = weight.to_vector();
  const auto result = gradcheck([](const auto& in) { return linear(in[0], in[1], in[2]); },
                                {draw.tensor({4, 3}), weight, bias});
  CHECK(result.ok);
  CHECK(weight.to_vector() == before);
  CHECK(!weight.grad().defined());
  CHECK(!bias.grad().defined());
}

TEST_CASE("gradcheck. says what cannot be checked") {
  CHECK_THROWS_WITH_AS(gradcheck([](const auto& in) { return in[0] * 2; }, {tensor({1})}),
                       "gradcheck: no input requires a gradient", Error);
  CHECK(gradcheck([](const auto& in) { return in[0].clone(); }, {wanted({1})}).message ==
        "gradcheck: the result is not recorded as a function of the inputs");
  float calls = 0;
  CHECK(gradcheck([&](const auto& in) { return in[0] * (calls += 1); }, {wanted({1})}).message ==
        "gradcheck: the function gave two results for the same inputs");
  CHECK(gradcheck([](const auto& in) { return in[0] / 0; }, {wanted({1})}).message ==
        "gradcheck: the result is not finite");
  CHECK(gradcheck([](const auto& in) { return in[0] * 2; }, {zeros({0}).set_requires_grad()}).ok);
}
