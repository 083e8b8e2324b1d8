#include <sstream>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/targets.hpp>
#include <tinynn/core/tensor.hpp>

using namespace tinynn;

using Values = std::vector<float>;

TEST_CASE("core. tensors are made with values") {
  CHECK(zeros({2}).to_vector() == Values{0, 0});
  CHECK(ones({2}).to_vector() == Values{1, 1});
  CHECK(full({1, 3}, 2.5).to_vector() == Values{2.5, 2.5, 2.5});
  CHECK(full({}, 4).item() == 4);
  const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {2, 3});
  CHECK(x.shape() == Shape{2, 3});
  CHECK(x.size(-1) == 3);
  CHECK(x.rank() == 2);
  CHECK(x.numel() == 6);
  CHECK(tensor({7, 8}).shape() == Shape{2});
  CHECK(zeros({0, 3}).to_vector().empty());
}

TEST_CASE("core. errors of tensors say what was wrong") {
  CHECK_THROWS_WITH_AS(tensor({1, 2, 3}, {2, 2}), "tensor: 3 values do not fill shape (2, 2)", Error);
  CHECK_THROWS_WITH_AS((void)ones({2, 1}).item(), "item: expected one element, got shape (2, 1)", Error);
  CHECK_THROWS_AS((void)zeros({0}).item(), Error);
  CHECK_THROWS_AS((void)ones({2}).size(1), Error);
  const Tensor undefined;
  CHECK(!undefined.defined());
  CHECK(!undefined.requires_grad());
  CHECK_THROWS_WITH_AS((void)undefined.shape(), "undefined tensor: it was never given a value", Error);
  CHECK_THROWS_AS((void)undefined.data(), Error);
  CHECK_THROWS_AS((void)undefined.clone(), Error);
  CHECK_THROWS_AS((void)undefined.detach(), Error);
  CHECK_THROWS_AS((void)undefined.grad(), Error);
  CHECK_THROWS_AS(undefined.backward(), Error);
}

TEST_CASE("core. a copied tensor is a handle, a clone is a copy, detach shares the numbers") {
  Tensor x = tensor({1, 2});
  Tensor handle = x, copy = x.clone(), detached = x.detach();
  x.mutable_data()[0] = 5;
  CHECK(handle.to_vector() == Values{5, 2});
  CHECK(detached.to_vector() == Values{5, 2});
  CHECK(copy.to_vector() == Values{1, 2});
  x.set_requires_grad();
  CHECK(handle.requires_grad());
  CHECK(!detached.requires_grad());
  CHECK(!copy.requires_grad());
  CHECK(!x.clone().requires_grad());
}

TEST_CASE("core. count_nonzero counts neither zero nor minus zero") {
  CHECK(count_nonzero(tensor({0, -0.0F, 1e-40F, 2})) == 2);
  CHECK(count_nonzero(zeros({0})) == 0);
}

TEST_CASE("core. labels share their values and compare by them") {
  const Labels labels({3, 1, 2}), handle = labels;
  CHECK(labels.size() == 3);
  CHECK(handle[2] == 2);
  CHECK(handle.begin() == labels.begin());
  CHECK(labels == Labels({3, 1, 2}));
  CHECK(!(labels == Labels({3, 1})));
  CHECK(Labels().size() == 0);
}

TEST_CASE("core. an error is made of its parts") {
  CHECK_NOTHROW(check(true, "unused"));
  CHECK_THROWS_WITH_AS(check(false, "conv2d: ", 3, " of ", Shape{1, 2}), "conv2d: 3 of (1, 2)", Error);
  CHECK(std::is_base_of_v<std::runtime_error, Error>);
}
