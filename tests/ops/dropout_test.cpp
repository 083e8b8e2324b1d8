// dropout: how many fall, how the others are scaled, and that the mask is the stream's.
#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/ops/dropout.hpp>

#include "tests/ops/twin.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;

TEST_CASE("ops. dropout scales what it keeps and hands the gradient on through the same mask") {
  test::Draw draw(220);
  for (int i = 0; i < 60; ++i) {
    Tensor x = draw.tensor(draw.shape(3, 9));
    x.set_requires_grad();
    const double p = draw.fraction();
    const Tensor y = dropout(x, p), grad_y = draw.tensor(x.shape());
    y.backward(grad_y);
    test::Doubles expected_y, expected_grad;
    for (size_t k = 0; k < x.values().size(); ++k) {
      const double factor = y.values()[k] == 0 ? 0 : 1 / (1 - p);
      expected_y.push_back(factor * static_cast<double>(x.values()[k]));
      expected_grad.push_back(factor * static_cast<double>(grad_y.values()[k]));
    }
    CHECK(test::difference(y.values(), expected_y) == "");
    CHECK(test::difference(x.grad().values(), expected_grad) == "");
  }
}

TEST_CASE("ops. dropout drops with probability p, independently of neighbours") {
  for (double p : {0.1, 0.5, 0.9}) {
    const int64_t count = 200000;
    manual_seed(3);
    const auto y = dropout(ones({count}), p).to_vector();
    const auto dropped = [&](size_t i) { return y[i] == 0; };
    double fallen = 0, pairs = 0;
    for (size_t i = 0; i + 1 < y.size(); ++i) {
      fallen += dropped(i);
      pairs += dropped(i) && dropped(i + 1);
    }
    const double n = static_cast<double>(count), deviation = std::sqrt(p * (1 - p) / n);
    CHECK(std::abs(fallen / n - p) < 4 * deviation);
    CHECK(std::abs(pairs / n - p * p) < 8 * deviation);
  }
}

TEST_CASE("ops. the mask follows from the seed and the call, not from threads") {
  const Tensor x = ones({100, 101});
  manual_seed(7);
  const auto first = dropout(x, 0.3).to_vector(), second = dropout(x, 0.3).to_vector();
  CHECK(first != second);
  manual_seed(7);
  CHECK(test::with_threads(3, [&] { return dropout(x, 0.3).to_vector(); }) == first);
  manual_seed(7);
  dropout(x, 0.3, false);  // draws nothing
  CHECK(dropout(x, 0.3).to_vector() == first);
}

TEST_CASE("ops. dropout of nothing, of everything and outside training") {
  Tensor x = tensor({1, 2, 3, 4, test::infinity});
  x.set_requires_grad();
  CHECK(dropout(x, 0.5, false).data() == x.data());  // recorded, but no copy
  CHECK(dropout(x, 0).to_vector() == x.to_vector());
  const Tensor none = dropout(x, 1);
  CHECK(none.to_vector() == std::vector<float>(5, 0));
  none.backward(ones({5}));
  CHECK(x.grad().to_vector() == std::vector<float>(5, 0));
  CHECK(dropout(zeros({0, 3}), 0.5).shape() == Shape{0, 3});
  CHECK(test::error_of([&] { dropout(x, 1.5); }) == "dropout: the probability 1.5 is not between 0 and 1");
  CHECK(test::error_of([&] { dropout(x, -0.1); }) == "dropout: the probability -0.1 is not between 0 and 1");
  CHECK(test::error_of([&] { dropout(x, std::nan(""), false); }) ==
        "dropout: the probability nan is not between 0 and 1");
}
