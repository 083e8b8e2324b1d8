// Gradients add up, and no two tensors ever share one by accident.
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/linear.hpp>
#include <tinynn/ops/shape.hpp>

#include "tests/support/ops.hpp"

using namespace tinynn;

using Values = std::vector<float>;

TEST_CASE("autograd. a leaf that two operations use gets the sum of both gradients") {
  Tensor x = tensor({1, -2}, {1, 2});
  x.set_requires_grad();
  const Tensor doubled = linear(x, tensor({2, 0, 0, 2}, {2, 2}));
  test::add(relu(x), doubled).backward(ones({1, 2}));
  CHECK(x.grad().to_vector() == Values{1 + 2, 0 + 2});
}

TEST_CASE("autograd. a leaf that one operation uses twice gets both gradients") {
  const Tensor x = test::leaf({3, 4});
  test::add(x, x).backward(tensor({1, 10}));
  CHECK(x.grad().to_vector() == Values{2, 20});
}

TEST_CASE("autograd. two leaves handed the same gradient do not share it afterwards") {
  const Tensor a = test::leaf({1}), b = test::leaf({2});
  test::add(a, b).backward(tensor({5}));
  relu(a).backward();
  CHECK(a.grad().item() == 6);
  CHECK(b.grad().item() == 5);
  relu(b).backward();
  relu(b).backward();
  CHECK(a.grad().item() == 6);
  CHECK(b.grad().item() == 7);
}

TEST_CASE("autograd. two results handed the same gradient do not share it on the way down") {
  const Tensor a = test::leaf({1}), b = test::leaf({2});
  const Tensor left = relu(a), right = relu(b);
  // `left` is used once more, so its gradient is added to after it was shared with `right`.
  test::add(test::add(left, right), left).backward();
  CHECK(a.grad().item() == 2);
  CHECK(b.grad().item() == 1);
}

TEST_CASE("autograd. the gradient that the caller passes in stays the caller's") {
  const Tensor a = test::leaf({1, 2}), b = test::leaf({3, 4}), grad = tensor({1, 1});
  test::add(a, b).backward(grad);
  test::add(a, b).backward(grad);
  test::add(a, a).backward(grad);
  CHECK(grad.to_vector() == Values{1, 1});
  CHECK(a.grad().to_vector() == Values{4, 4});
  CHECK(b.grad().to_vector() == Values{2, 2});
}

TEST_CASE("autograd. the gradient behind a reshape is a leaf's own, though it has the same numbers") {
  const Tensor a = test::leaf({1, 2}), grad = tensor({3, 4}, {2, 1});
  reshape(a, {2, 1}).backward(grad);
  a.grad().mutable_data()[0] = 100;
  CHECK(grad.to_vector() == Values{3, 4});
}

TEST_CASE("autograd. a gradient may be scaled in place, as clipping does, without touching any other") {
  const Tensor a = test::leaf({1, 2}), b = test::leaf({3, 4}), grad = tensor({1, 1});
  test::add(a, b).backward(grad);
  a.grad().mutable_data()[0] = 100;
  CHECK(a.grad().to_vector() == Values{100, 1});
  CHECK(b.grad().to_vector() == Values{1, 1});
  CHECK(grad.to_vector() == Values{1, 1});
}

TEST_CASE("autograd. a gradient that somebody looks at is not changed under their eyes") {
  const Tensor x = test::leaf({1});
  relu(x).backward();
  const Tensor seen = x.grad();
  relu(x).backward();
  CHECK(seen.item() == 1);
  CHECK(x.grad().item() == 2);
}

TEST_CASE("autograd. a gradient that shares its numbers with another tensor is not written to") {
  const Tensor x = test::leaf({1, 2}), grad = tensor({3, 4}, {2, 1});
  // reshape hands on a tensor with the same buffer in another shape.
  reshape(x, {2, 1}).backward(grad);
  relu(x).backward(ones({2}));
  CHECK(x.grad().to_vector() == Values{4, 5});
  CHECK(grad.to_vector() == Values{3, 4});
}

TEST_CASE("autograd. zero_grad makes the gradient undefined") {
  Tensor x = test::leaf({1});
  CHECK(!x.grad().defined());
  relu(x).backward();
  CHECK(x.grad().defined());
  x.zero_grad();
  CHECK(!x.grad().defined());
  relu(x).backward();
  CHECK(x.grad().item() == 1);
}

TEST_CASE("autograd. copies of a handle share the gradient") {
  const Parameter p(tensor({1})), copy = p;
  relu(p).backward();
  CHECK(copy.grad().item() == 1);
  CHECK(p.grad().handle() == copy.grad().handle());
}

TEST_CASE("autograd. an operation writes over a gradient that nobody else holds, and over no other") {
  const Tensor a = test::leaf({1, -1}), b = test::leaf({-1, 1}), grad = tensor({2, 3});
  test::add(relu(a), relu(b)).backward(grad);  // both are handed the same gradient
  CHECK(a.grad().to_vector() == Values{2, 0});
  CHECK(b.grad().to_vector() == Values{0, 3});
  CHECK(grad.to_vector() == Values{2, 3});

  const Tensor c = test::leaf({1, -1});
  Tensor own = tensor({2, 3});
  const float* memory = own.data();
  CHECK(autograd::take_over(own).data() == memory);
  const Tensor view = own.detach_as({2, 1});  // its numbers are seen by another
  CHECK(autograd::take_over(own).data() != memory);
  relu(c).backward(view.detach_as({2}));
  CHECK(own.to_vector() == Values{2, 3});
}
