// Gradients of masked parameters: masked as they accumulate, unless a DenseGrad asks for all of them.
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/conv2d.hpp>
#include <tinynn/ops/linear.hpp>
#include <tinynn/ops/reduce.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
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

TEST_CASE("autograd. a sparse gradient that is added to a dense one masks both") {
  test::Draw draw(9);
  Parameter weight(draw.tensor({40, 60}));
  weight.prune(draw.mask({40, 60}, 0.05));
  const auto backward = [&] { sum(linear(draw.tensor({64, 60}), weight, Tensor())).backward(); };
  const auto dead_gradients = [&] {
    int64_t count = 0;
    for (int64_t i = 0; i < weight.numel(); ++i) count += !weight.mask()[i] && weight.grad().data()[i] != 0;
    return count;
  };
  {
    const DenseGrad dense({weight});
    backward();
    REQUIRE(dead_gradients() > 0);
  }
  REQUIRE(weight.sparse_pattern(kernels::sparse_linear_density_for(64)) != nullptr);
  backward();
  CHECK(dead_gradients() == 0);
}

TEST_CASE("autograd. DenseGrad concerns its own parameters only") {
  const Parameter p = masked_parameter(), other = masked_parameter();
  const DenseGrad dense({p});
  test::add(p, other).backward(tensor({1, 2, 3}));
  CHECK(p.grad().to_vector() == Values{1, 2, 3});
  CHECK(other.grad().to_vector() == Values{1, 0, 3});
}

TEST_CASE("autograd. gradients of few live weights are packed until they are asked for") {
  test::Draw draw(8);
  const Tensor value = draw.tensor({40, 60}), x = draw.tensor({64, 60}), other = draw.tensor({64, 60});
  const auto make = [&] {
    Parameter weight(value);
    Mask mask({40, 60}, false);
    for (int64_t i = 0; i < mask.shape().numel(); i += 17) mask.set(i, true);
    weight.prune(mask);
    return weight;
  };
  const auto backward = [](const Parameter& weight, const Tensor& input) {
    const Tensor y = linear(input, weight, Tensor());
    sum(y * y).backward();
  };
  const auto packed = [](const Parameter& weight) {
    return weight.packed_grad(*weight.sparse_pattern(1)) != nullptr;
  };
  Parameter sparse = make(), dense = make();
  {
    const DenseGrad guard({dense});
    backward(dense, x);
    backward(dense, other);
  }
  Tensor expected = dense.grad().clone();
  dense.mask().select(expected.mutable_data());
  backward(sparse, x);
  CHECK(packed(sparse));
  backward(sparse, other);  // sums, still packed
  CHECK(packed(sparse));
  CHECK(test::difference(sparse.grad().values(), expected.values(), 1e-4) == "");
  CHECK_FALSE(packed(sparse));
  backward(sparse, x);  // onto the unpacked one
  CHECK_FALSE(packed(sparse));
  sparse.zero_grad();
  CHECK_FALSE(sparse.grad().defined());
  backward(sparse, x);
  Mask fewer = sparse.mask();
  fewer.set(17, false);
  const float kept = make().mask()[34] ? 1.0F : 0.0F;
  sparse.prune(fewer);  // the pattern is another now
  CHECK(kept == 1);
  CHECK(sparse.grad().data()[17] == 0);
  CHECK(sparse.grad().data()[34] != 0);
}

TEST_CASE("autograd. DenseGrad between forward and backward shows what dead weights would gain, too") {
  test::Draw draw(9);
  const auto check = [&](const Shape& shape, const Shape& input, const auto& run) {
    const Tensor value = draw.tensor(shape), x = draw.tensor(input);
    Parameter sparse(value), dense(value);
    const Mask mask = draw.mask(shape, 0.05);
    sparse.prune(mask), dense.prune(mask);
    REQUIRE(sparse.sparse_pattern(0.2) != nullptr);
    {
      const DenseGrad before({dense});
      sum(run(x, dense)).backward();
    }
    const Tensor y = run(x, sparse);
    {
      const DenseGrad between({sparse});
      sum(y).backward();
    }
    CHECK(test::difference(sparse.grad().values(), dense.grad().values(), 1e-4) == "");
    CHECK(sparse.grad().data()[0] != 0);

    // The guard is gone: what comes now is of live weights, and so is all that is there.
    sum(run(x, sparse)).backward();
    for (int64_t i = 0; i < mask.shape().numel(); ++i) REQUIRE((mask[i] || sparse.grad().data()[i] == 0));
  };
  check({20, 30}, {64, 30}, [](const Tensor& x, const Tensor& w) { return linear(x, w, {}); });
  check({20, 6, 3, 3}, {4, 6, 9, 9}, [](const Tensor& x, const Tensor& w) { return conv2d(x, w, {}); });
}
