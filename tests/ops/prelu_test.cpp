// prelu against its twin, its derivative at 0, and what it refuses.
#include <cmath>

#include <doctest/doctest.h>

#include <tinynn/ops/prelu.hpp>

#include "tests/ops/twin.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;

TEST_CASE("ops. prelu equals its twin, gradients included") {
  test::Draw draw(240);
  for (int i = 0; i < 80; ++i) {
    const Shape shape = draw.shape(4, 6);
    const int64_t slopes = shape.rank() >= 2 && draw.chance(0.7) ? shape[1] : 1;
    CAPTURE(shape);
    CAPTURE(slopes);
    CHECK(test::twin_difference(
              draw, {draw.tensor(shape), draw.tensor({slopes})},
              [](const std::vector<Tensor>& in) { return prelu(in[0], in[1]); },
              [&](const std::vector<test::Doubles>& in) {
                test::Doubles y;
                for (size_t k = 0; k < in[0].size(); ++k) {
                  const size_t inner = slopes > 1 ? static_cast<size_t>(shape.inner(1)) : 1;
                  const double slope = in[1][k / inner % in[1].size()];
                  y.push_back(std::max(in[0][k], 0.0) + slope * std::min(in[0][k], 0.0));
                }
                return y;
              }) == "");
  }
}

TEST_CASE("ops. the derivative of prelu at 0 is the slope, and NaN stays") {
  Tensor x = tensor({0, -0.0F, -2, 3, test::not_a_number}), weight = tensor({0.5F});
  x.set_requires_grad();
  weight.set_requires_grad();
  const Tensor y = prelu(x, weight);
  CHECK(std::isnan(y.values()[4]));
  y.backward(tensor({1, 2, 4, 8, 0}));
  CHECK(x.grad().to_vector() == std::vector<float>{0.5, 1, 2, 8, 0});
  CHECK(std::isnan(weight.grad().values()[0]));
}

TEST_CASE("ops. prelu of scalars and of nothing") {
  CHECK(prelu(tensor({-2}, {}), tensor({0.5F})).item() == -1);
  Tensor x = zeros({0, 3, 2}), weight = ones({3});
  x.set_requires_grad();
  weight.set_requires_grad();
  const Tensor y = prelu(x, weight);
  y.backward(zeros({0, 3, 2}));
  CHECK(y.shape() == Shape{0, 3, 2});
  CHECK(weight.grad().to_vector() == std::vector<float>(3, 0));
}

TEST_CASE("ops. prelu names what does not fit") {
  const auto text = [](const Shape& x, const Shape& weight) {
    return test::error_of([&] { prelu(ones(x), ones(weight)); });
  };
  CHECK(text({4, 2}, {3}) == "prelu: weight (3) does not fit input (4, 2): expected (1) or (2)");
  CHECK(text({4, 2}, {1, 2}) == "prelu: weight (1, 2) does not fit input (4, 2): expected (1) or (2)");
  CHECK(text({2}, {2}) == "prelu: weight (2) does not fit input (2): expected (1)");
  CHECK(text({4, 2}, {1}) == "no error");
}

TEST_CASE("ops. prelu gives the same bits with any number of threads") {
  test::Draw draw(241);
  for (const int64_t slopes : {1, 24}) {
    Tensor x = draw.tensor({30, 24, 17, 13}), weight = draw.tensor({slopes});
    x.set_requires_grad();
    weight.set_requires_grad();
    const auto run = [&] {
      x.zero_grad();
      weight.zero_grad();
      const Tensor y = prelu(x, weight);
      y.backward(y.detach());
      auto all = y.to_vector();
      for (const Tensor& grad : {x.grad(), weight.grad()})
        all.insert(all.end(), grad.values().begin(), grad.values().end());
      return all;
    };
    CHECK(test::bit_difference(test::with_threads(3, run), test::with_threads(1, run)) == "");
  }
}
