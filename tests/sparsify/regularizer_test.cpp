// Penalties and proximal steps against their formulas in double precision.
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/sparsify/regularizer.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/moments.hpp"

using namespace tinynn;

TEST_CASE("sparsify. penalties are sums over all parameters, and so are their gradients") {
  test::Draw draw(201);
  const Parameter a(draw.tensor({3, 4})), b(draw.tensor({5}));
  double l1 = 0, l2 = 0;
  for (const auto& p : {a, b}) {
    for (const float w : p.values()) l1 += 0.3 * std::abs(static_cast<double>(w)), l2 += 0.3 * std::pow(w, 2);
  }
  const Tensor first = sparsify::l1_penalty({a, b}, 0.3), second = sparsify::l2_penalty({a, b}, 0.3);
  CHECK(first.item() == doctest::Approx(l1).epsilon(1e-6));
  CHECK(second.item() == doctest::Approx(l2).epsilon(1e-6));
  first.backward();
  for (size_t i = 0; i < 12; ++i) CHECK(a.grad().values()[i] == std::copysign(0.3F, a.values()[i]));
  CHECK(b.grad().defined());
  CHECK(sparsify::l1_penalty({}, 1).item() == 0);
}

TEST_CASE("sparsify. the L2 penalty is half of SGD's weight decay") {
  test::Draw draw(202);
  const Tensor value = draw.tensor({4, 3}), grad = draw.tensor({4, 3});
  Parameter decayed(value), penalised(value);
  optim::SGD with_decay({decayed}, {.lr = 0.1, .weight_decay = 0.02}), plain({penalised}, {.lr = 0.1});
  test::give_gradient(decayed, grad);
  test::give_gradient(penalised, grad);
  sparsify::l2_penalty({penalised}, 0.01).backward();
  with_decay.step();
  plain.step();
  CHECK(test::difference(penalised.values(), decayed.values(), 1e-6) == "");
}

TEST_CASE("sparsify. proximal_l1 does after the step what the optimizers' l1 does, for any rank") {
  test::Draw draw(203);
  for (int trial = 0; trial < 20; ++trial) {
    const Tensor value = draw.tensor(draw.shape(3, 6));
    Parameter p(value);
    const Mask mask = draw.mask(value.shape(), 0.8);
    p.prune(mask);
    sparsify::proximal_l1({p}, 4)(0.1);
    for (int64_t i = 0; i < p.numel(); ++i) {
      const auto w = static_cast<double>(value.data()[i]);
      const double expected = mask[i] ? std::copysign(std::max(std::abs(w) - 0.4, 0.0), w) : 0;
      CHECK(static_cast<double>(p.data()[i]) == doctest::Approx(expected).epsilon(1e-6));
    }
    CHECK(p.mask() == mask);
  }
}

TEST_CASE("sparsify. group_lasso shrinks slices along any dimension, weak ones to zero as a whole") {
  test::Draw draw(204);
  int64_t emptied = 0, left = 0;
  for (int trial = 0; trial < 60; ++trial) {
    const Tensor value = draw.tensor(draw.shape(4, 5));
    const Shape shape = value.shape();
    const int64_t dim = draw.between(-shape.rank(), shape.rank() - 1), inner = shape.inner(dim);
    Parameter p(value);
    const Mask mask = draw.coin() ? draw.mask(shape, 0.7) : Mask();
    p.set_mask(mask);
    const std::vector<float> before = p.to_vector();
    sparsify::group_lasso({p}, 5.5, dim)(0.1);
    for (int64_t g = 0; g < shape[dim]; ++g) {
      double squares = 0;
      int64_t elements = 0, nonzero = 0;
      const auto for_each = [&](auto f) {
        for (int64_t i = 0; i < p.numel(); ++i) {
          if (i / inner % shape[dim] == g) f(static_cast<size_t>(i));
        }
      };
      for_each([&](size_t i) { ++elements, squares += std::pow(before[i], 2); });
      const double threshold = 0.55 * std::sqrt(static_cast<double>(elements));
      const double factor = squares > 0 ? std::max(0.0, 1 - threshold / std::sqrt(squares)) : 0;
      for_each([&](size_t i) {
        nonzero += p.values()[i] != 0;
        CHECK(static_cast<double>(p.values()[i]) ==
              doctest::Approx(factor * static_cast<double>(before[i])).epsilon(1e-5));
      });
      if (factor == 0) CHECK(nonzero == 0);
      ++(factor == 0 ? emptied : left);
    }
    CHECK(p.mask() == mask);
  }
  CHECK(emptied > 50);
  CHECK(left > 50);
}

TEST_CASE("sparsify. group_lasso does not hide that a run has diverged") {
  Parameter p(tensor({1, test::not_a_number, 1, 3}, {2, 2}));
  sparsify::group_lasso({p}, 1)(0.1);
  CHECK(std::isnan(p.values()[1]));
  CHECK(p.values()[3] > 2.5F);
}

TEST_CASE("sparsify. the scales of BatchNorm layers, wherever they are") {
  nn::Sequential inside{nn::Conv2d(2, 3, 3), nn::BatchNorm2d(3), nn::BatchNorm2d(3, {.affine = false})};
  nn::Sequential net{nn::BatchNorm1d(2), std::move(inside)};
  const auto scales = sparsify::bn_scales(net);
  REQUIRE(scales.size() == 2);
  CHECK(scales[0].shape() == Shape{2});
  CHECK(scales[1].shape() == Shape{3});
  sparsify::proximal_l1(scales, 1)(1);
  for (const auto& [name, parameter] : net.named_parameters())
    CHECK((count_nonzero(parameter) == 0) ==
          (parameter.rank() == 1 && name != "1.0.bias"));  // biases start at 0
}

TEST_CASE("sparsify. regularizers refuse what makes no sense") {
  const Parameter p(ones({2, 3}));
  CHECK_THROWS_WITH_AS(sparsify::proximal_l1({p}, -1), "proximal_l1: the strength is -1, expected 0 or more",
                       Error);
  CHECK_THROWS_WITH_AS(sparsify::group_lasso({p}, -1), "group_lasso: the strength is -1, expected 0 or more",
                       Error);
  CHECK_THROWS_AS(sparsify::group_lasso({p}, 1, 2), Error);
}
