// Gradients of masked parameters: masked as they accumulate, unless a DenseGrad asks for all of them.
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/ops/activation.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/ops.hpp"

using namespace tinynn;

using Values = std::vector<float>;

namespace {

// A parameter of three ones whose middle is dead.
Parameter masked_parameter() {
  Parameter p(ones({3}));
  Mask mask({3});
  mask.set(1, false);
  p.prune(mask);
  return p;
}

void backward(const Parameter& p, std::initializer_list<float> grad) {
  test::spy(p, [] {}).backward(tensor(grad));
}

}  // namespace

TEST_CASE("autograd. gradients are masked as they accumulate") {
  const Parameter p = masked_parameter();
  backward(p, {1, 2, 3});
  CHECK(p.grad().to_vector() == Values{1, 0, 3});
  backward(p, {1, test::not_a_number, 1});
  CHECK(p.grad().to_vector() == Values{2, 0, 4});
}

TEST_CASE("autograd. masking one parameter's gradient spares the tensor it came in") {
  const Parameter p = masked_parameter();
  const Tensor other = test::leaf({0, 0, 0}), grad = tensor({1, 2, 3});
  test::add(p, other).backward(grad);
  CHECK(p.grad().to_vector() == Values{1, 0, 3});
  CHECK(other.grad().to_vector() == Values{1, 2, 3});
  CHECK(grad.to_vector() == Values{1, 2, 3});
}

TEST_CASE("autograd. pruning masks the gradient that is there already, but not under its reader's eyes") {
  Parameter p(ones({3}));
  backward(p, {1, 2, 3});
  const Tensor seen = p.grad();
  Mask mask({3});
  mask.set(0, false);
  p.prune(mask);
  CHECK(p.grad().to_vector() == Values{0, 2, 3});
  CHECK(seen.to_vector() == Values{1, 2, 3});
}

TEST_CASE("autograd. DenseGrad shows what dead weights would gain") {
  Parameter p = masked_parameter();
  {
    const DenseGrad dense({p});
    CHECK(!p.masks_grad());
    backward(p, {1, 2, 3});
    CHECK(p.grad().to_vector() == Values{1, 2, 3});
    {
      const DenseGrad again({p});  // guards nest
    }
    CHECK(!p.masks_grad());
    p.prune(p.mask());
    CHECK(p.grad().to_vector() == Values{1, 2, 3});
    CHECK(p.to_vector() == Values{1, 0, 1});
  }
  CHECK(p.masks_grad());
  p.zero_grad();
  backward(p, {1, 2, 3});
  CHECK(p.grad().to_vector() == Values{1, 0, 3});
}

TEST_CASE("autograd. DenseGrad concerns its own parameters only") {
  const Parameter p = masked_parameter(), other = masked_parameter();
  const DenseGrad dense({p});
  test::add(p, other).backward(tensor({1, 2, 3}));
  CHECK(p.grad().to_vector() == Values{1, 2, 3});
  CHECK(other.grad().to_vector() == Values{1, 0, 3});
}
