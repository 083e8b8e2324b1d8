// The mask of a parameter: what it does to the value and to the moments.
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/ops/shape.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"

using namespace tinynn;

using Values = std::vector<float>;

namespace {

Mask mask_of(const std::vector<int>& alive) {
  Mask mask({static_cast<int64_t>(alive.size())});
  for (size_t i = 0; i < alive.size(); ++i) mask.set(static_cast<int64_t>(i), alive[i] != 0);
  return mask;
}

}  // namespace

TEST_CASE("autograd. a parameter is a leaf with a copy of the values and no mask") {
  Tensor x = tensor({1, 2});
  const Parameter p(x);
  x.mutable_data()[0] = 9;
  CHECK(p.to_vector() == Values{1, 2});
  CHECK(p.requires_grad());
  CHECK(!p.mask().defined());
  CHECK(!p.masks_grad());
  CHECK_THROWS_AS((void)Parameter{Tensor()}, Error);
}

TEST_CASE("autograd. pruning kills besides what is dead already") {
  Parameter p(tensor({1, 2, 3, 4}));
  p.prune(mask_of({1, 0, 1, 1}));
  CHECK(p.to_vector() == Values{1, 0, 3, 4});
  p.prune(mask_of({1, 1, 0, 1}));  // does not bring the second one back
  CHECK(p.to_vector() == Values{1, 0, 0, 4});
  CHECK(p.mask() == mask_of({1, 0, 0, 1}));
  CHECK_THROWS_WITH_AS(p.prune(mask_of({1, 0})), "prune: a mask of shape (2) for a parameter of shape (4)",
                       Error);
  CHECK(p.mask() == mask_of({1, 0, 0, 1}));
}

TEST_CASE("autograd. what a new mask revives starts at zero, moments included") {
  Parameter p(tensor({1, 2, 3}));
  const auto moments =
      std::make_shared<autograd::Moments>(autograd::Moments{tensor({7, 8, 9}), tensor({4, 5, 6})});
  p.attach(moments);
  p.prune(mask_of({0, 1, 0}));
  CHECK((*moments)[0].to_vector() == Values{0, 8, 0});
  CHECK((*moments)[1].to_vector() == Values{0, 5, 0});
  p.set_mask(mask_of({1, 0, 0}));
  CHECK(p.to_vector() == Values{0, 0, 0});
  CHECK((*moments)[0].to_vector() == Values{0, 0, 0});
  p.assign(tensor({1, 2, 3}));
  CHECK(p.to_vector() == Values{1, 0, 0});
  p.set_mask(Mask());
  CHECK(p.to_vector() == Values{1, 0, 0});
  CHECK(!p.mask().defined());
  CHECK_THROWS_WITH_AS(p.set_mask(Mask({3, 1})),
                       "set_mask: a mask of shape (3, 1) for a parameter of shape (3)", Error);
}

TEST_CASE("autograd. whatever is written, the dead stay plus zero") {
  Parameter p(tensor({1, 2, 3}));
  p.prune(mask_of({1, 0, 0}));
  p.assign(tensor({5, test::not_a_number, -0.0F}));
  CHECK(test::bit_difference(p.values(), Values{5, 0, 0}) == "");
  p.update([](std::span<float> value) {
    CHECK(value.size() == 3);
    value[0] = -0.0F;
    value[1] = -test::infinity;
    value[2] = test::not_a_number;
  });
  CHECK(test::bit_difference(p.values(), Values{-0.0F, 0, 0}) == "");
  CHECK_THROWS_WITH_AS(p.assign(ones({2})), "assign: a value of shape (2) for a parameter of shape (3)",
                       Error);
}

TEST_CASE("autograd. the dead stay zero even if the writer fails half way, and the parameter is another") {
  Parameter p(tensor({1, 2}));
  p.prune(mask_of({1, 0}));
  auto write = [](std::span<float> value) {
    value[0] = value[1] = test::not_a_number;
    throw std::runtime_error("half way");
  };
  const auto version = p.version();
  CHECK_THROWS_AS(p.update(write), std::runtime_error);
  CHECK(p.values()[1] == 0);
  CHECK(p.version() > version);
}

TEST_CASE("autograd. a parameter is not written behind its mask's back") {
  Parameter p(tensor({1, 2}));
  const char* message =
      "mutable_data: these are the numbers of a parameter; write it with update() or assign(), which keep "
      "its mask";
  CHECK_THROWS_WITH_AS(p.mutable_data(), message, Error);
  Tensor handle = p;
  CHECK_THROWS_WITH_AS(handle.mutable_data(), message, Error);
  CHECK_THROWS_WITH_AS(p.detach().mutable_data(), message, Error);
  CHECK_THROWS_WITH_AS(p.detach().detach().mutable_data(), message, Error);
  CHECK_THROWS_WITH_AS(reshape(p.detach(), {2, 1}).mutable_data(), message, Error);
  CHECK_NOTHROW(p.clone().mutable_data());
}

TEST_CASE("autograd. copies of a parameter are handles on the same one") {
  Parameter p(tensor({1, 2}));
  const Parameter copy = p;
  p.prune(mask_of({0, 1}));
  CHECK(copy.to_vector() == Values{0, 2});
  CHECK(copy.mask() == p.mask());
  p.slice(0, {1});
  CHECK(copy.shape() == Shape{1});
}

TEST_CASE("autograd. a parameter is recognised by its tensor handle") {
  const Parameter p(tensor({1}));
  const Tensor handle = p;
  CHECK(Parameter::of(handle).handle() == p.handle());
  CHECK(!Parameter::of(p.clone()).defined());
  CHECK(!Parameter::of(Tensor()).defined());
}

TEST_CASE("autograd. moments whose optimizer is gone are forgotten") {
  Parameter p(tensor({1, 2}));
  for (int i = 0; i < 5; ++i) p.attach(std::make_shared<autograd::Moments>(autograd::Moments{zeros({2})}));
  p.prune(mask_of({1, 0}));
  p.slice(0, {1});
  CHECK(p.to_vector() == Values{0});
  const auto& known = static_cast<const autograd::ParameterImpl&>(*p.handle()).moments;
  CHECK(known.size() <= 1);  // dead entries do not pile up
}

TEST_CASE("autograd. adopt starts anew from a value and a mask of any shape") {
  Parameter p(tensor({1, 2}));
  const auto moments = std::make_shared<autograd::Moments>(autograd::Moments{tensor({3, 4})});
  p.attach(moments);
  Tensor(p).backward(tensor({1, 1}));
  REQUIRE(p.moments() == std::vector{moments});
  const auto version = p.version(), mask_version = p.mask_version();
  p.adopt(tensor({5, test::not_a_number, 7}), mask_of({1, 0, 1}));
  CHECK(p.to_vector() == Values{5, 0, 7});
  CHECK(moments->front().to_vector() == Values{0, 0, 0});
  CHECK(!p.grad().defined());
  CHECK(p.version() > version);
  CHECK(p.mask_version() > mask_version);

  CHECK_THROWS_WITH_AS(p.adopt(ones({2}), mask_of({1, 0, 1})),
                       "adopt: a mask of shape (3) for a parameter of shape (2)", Error);
  CHECK(p.to_vector() == Values{5, 0, 7});
  moments->front() = tensor({8, 9, 10});
  p.adopt(p, Mask());
  CHECK(p.to_vector() == Values{5, 0, 7});
  CHECK(!p.mask().defined());
  CHECK(moments->front().to_vector() == Values{0, 0, 0});  // also where the shape is the same
}
