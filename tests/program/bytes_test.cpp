// Programs in eight bits give, to the bit, what the twin of their headers gives.
#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/export/quantize.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/program/plan_file.hpp>
#include <tinynn/prune/mask_rules.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/int8_twin.hpp"
#include "tests/support/isas.hpp"
#include "tests/support/random_network.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/small_networks.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/threads.hpp"
#include "tests/support/with_activation.hpp"

using namespace tinynn;

namespace {

Shape with_samples(int64_t samples, const Shape& of_one) {
  std::vector<int64_t> sizes{samples};
  sizes.insert(sizes.end(), of_one.begin(), of_one.end());
  return Shape(sizes);
}

// Whether floats decide: sums of them, or what a softmax makes of them.
bool of_floats(const deploy::Plan& plan) {
  return std::ranges::any_of(plan.steps, [&](const deploy::Step& step) {
    return step.kind->in_floats || (step.kind->has_weight && plan.format(step.inputs[0]).is_float());
  });
}

// All that it computes, of one sample, and its output, of so many that blocks are full, and not.
void check_bytes(nn::Module& net, const Shape& of_one, int64_t samples = 70) {
  const auto plan =
      deploy::quantize(deploy::plan(net, randn(with_samples(2, of_one))), randn(with_samples(32, of_one)));
  const auto equal = [&](const deploy::Plan& of, const Tensor& x) {
    const Tensor want = test::int8_outputs(of, x), got = deploy::Program(of)(x);
    if (of_floats(of)) return test::difference(got.values(), want.values(), 2e-6);
    return test::bit_difference(got.values(), want.values());
  };
  CHECK(equal(test::with_all_values(plan), randn(with_samples(2, of_one))) == "");
  CHECK(equal(plan, randn(with_samples(samples, of_one))) == "");
  CHECK(equal(plan, randn(with_samples(3, of_one))) == "");
}

}  // namespace

TEST_CASE(
    "program. random networks in eight bits compute what their headers do, with every instruction set") {
  for (const auto& isa : kernels::isas()) {
    const test::Isa forced(isa);
    CAPTURE(isa);
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      CAPTURE(seed);
      manual_seed(seed);
      test::RandomNetwork net(seed);
      if (seed % 3 == 0) prune::prune(prune::weights(net), prune::fraction(0.8));
      check_bytes(net, {2, test::RandomNetwork::size, test::RandomNetwork::size});
    }
  }
}

TEST_CASE("program. every step and activation in eight bits is what its header computes") {
  for (const auto& small : test::small_networks()) {
    CAPTURE(small.name);
    check_bytes(*small.net, small.of_one);
  }
  for (const auto* row : test::activations()) {
    CAPTURE(std::string(row->name));
    manual_seed(3);
    test::WithActivation net(*row);
    check_bytes(net, {2, 5, 5});
  }
}

TEST_CASE("program. the models by name in eight bits compute what their headers do") {
  for (const std::string name : {"lenet-300-100", "lenet-5", "simple-cnn", "densenet-small", "resnet-20"}) {
    if (test::is_sanitized && models::input_shape(name).numel() > 784) continue;
    CAPTURE(name);
    manual_seed(4);
    const auto net = models::make(name);
    const Shape of_one = models::input_shape(name);
    if (name != "resnet-20") prune::prune(prune::weights(*net), prune::fraction(0.5));
    check_bytes(*net, of_one, of_one.numel() > 784 ? 1 : 4);
  }
}

TEST_CASE("program. in eight bits the same numbers come from any number of threads, and from pixels") {
  manual_seed(5);
  const auto net = models::make("lenet-5");
  const Tensor x = randn({66, 1, 28, 28});
  const auto plan = deploy::quantize(deploy::plan(*net, x), x);
  const deploy::Program program(plan);
  const Tensor want = program(x);
  for (const int64_t threads : {1, 2, 3}) {
    const test::Threads forced(threads);
    CHECK(test::bit_difference(program(x).values(), want.values()) == "");
  }
  Tensor pixels(x.shape());
  for (int64_t i = 0; i < x.numel(); ++i) pixels.mutable_data()[i] = std::round(x.data()[i] * 50 + 100);
  const auto raw = deploy::with_normalization(plan, {100}, {50});
  CHECK(test::bit_difference(deploy::Program(raw)(pixels).values(),
                             test::int8_outputs(raw, pixels).values()) == "");
}
