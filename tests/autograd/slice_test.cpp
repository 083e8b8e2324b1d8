// Parameter::slice cuts value, gradient, mask and moments together.
#include <functional>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/core/error.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/ops.hpp"

using namespace tinynn;

using Values = std::vector<float>;

namespace {

// The elements whose index along `dim` is in `keep`, found by taking every flat index apart.
Values naive_slice(const Tensor& x, int64_t dim, const std::vector<int64_t>& keep) {
  Values result;
  for (int64_t i = 0; i < x.numel(); ++i) {
    const int64_t index = i / x.shape().inner(dim) % x.size(dim);
    if (std::ranges::count(keep, index) > 0) result.push_back(x.values()[i]);
  }
  return result;
}

Tensor as_tensor(const Mask& mask) {
  Tensor result(mask.shape());
  for (int64_t i = 0; i < mask.shape().numel(); ++i) result.mutable_data()[i] = mask[i] ? 1 : 0;
  return result;
}

// A parameter with everything that can hang on one.
struct Subject {
  Parameter p;
  std::shared_ptr<autograd::Moments> first, second;

  Subject(test::Draw& draw, const Shape& shape)
      : p(draw.tensor(shape)),
        first(std::make_shared<autograd::Moments>(autograd::Moments{draw.tensor(shape), draw.tensor(shape)})),
        second(std::make_shared<autograd::Moments>(autograd::Moments{draw.tensor(shape)})) {
    p.attach(first);
    p.attach(second);
    p.prune(draw.mask(shape));
    test::spy(p, [] {}).backward(draw.tensor(shape));
  }

  std::vector<Tensor> parts() const {
    return {p, p.grad(), as_tensor(p.mask()), (*first)[0], (*first)[1], (*second)[0]};
  }
};

}  // namespace

TEST_CASE("autograd. slice cuts everything as a naive slice does") {
  test::Draw draw(33);
  for (int i = 0; i < 200; ++i) {
    const Shape shape = draw.shape(5, 5);
    const int64_t dim = draw.between(-shape.rank(), shape.rank() - 1);
    std::vector<int64_t> keep = draw.subset(shape[dim]);
    if (keep.empty()) keep.push_back(0);
    const Subject subject(draw, shape);
    std::vector<Values> expected;
    for (const Tensor& part : subject.parts()) expected.push_back(naive_slice(part, dim, keep));
    Parameter p = subject.p;
    p.slice(dim, keep);
    const auto parts = subject.parts();
    for (size_t k = 0; k < parts.size(); ++k) {
      REQUIRE(parts[k].shape() == shape.with(dim, static_cast<int64_t>(keep.size())));
      REQUIRE(test::bit_difference(parts[k].values(), expected[k]) == "");
    }
    REQUIRE(p.requires_grad());
  }
}

TEST_CASE("autograd. slice without mask, gradient or moments cuts the value") {
  Parameter p(tensor({1, 2, 3, 4, 5, 6}, {2, 3}));
  p.slice(-1, {0, 2});
  CHECK(p.to_vector() == Values{1, 3, 4, 6});
  CHECK(!p.grad().defined());
  CHECK(!p.mask().defined());
}

TEST_CASE("autograd. slice may keep nothing") {
  test::Draw draw(34);
  const Subject subject(draw, {2, 3});
  Parameter p = subject.p;
  p.slice(0, {});
  for (const Tensor& part : {Tensor(p), p.grad(), (*subject.first)[0]}) CHECK(part.shape() == Shape{0, 3});
  p.assign(zeros({0, 3}));
  CHECK(p.numel() == 0);
}

TEST_CASE("autograd. a slice that fails changes nothing") {
  test::Draw draw(35);
  const Subject subject(draw, {2, 3});
  Parameter p = subject.p;
  std::vector<Values> before;
  for (const Tensor& part : subject.parts()) before.push_back(part.to_vector());
  const auto version = p.version(), mask_version = p.mask_version();

  CHECK_THROWS_WITH_AS(p.slice(1, {0, 3}), "slice: index 3 is outside dimension 1 of (2, 3)", Error);
  CHECK_THROWS_WITH_AS(p.slice(-2, {-1}), "slice: index -1 is outside dimension -2 of (2, 3)", Error);
  CHECK_THROWS_WITH_AS(p.slice(1, {2, 1}), "slice: indices must ascend, got 1 after 2", Error);
  CHECK_THROWS_WITH_AS(p.slice(1, {1, 1}), "slice: indices must ascend, got 1 after 1", Error);
  CHECK_THROWS_WITH_AS(p.slice(2, {0}), "shape: no dimension 2 in (2, 3)", Error);

  const auto parts = subject.parts();
  for (size_t k = 0; k < parts.size(); ++k) CHECK(test::bit_difference(parts[k].values(), before[k]) == "");
  CHECK(p.version() == version);
  CHECK(p.mask_version() == mask_version);
}

TEST_CASE("autograd. what was read before a cut stays whole") {
  Parameter p(tensor({1, 2, 3}));
  const Tensor before = p.detach();
  p.slice(0, {2});
  CHECK(before.to_vector() == Values{1, 2, 3});
  CHECK(p.to_vector() == Values{3});
}
