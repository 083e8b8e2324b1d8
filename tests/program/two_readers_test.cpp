// Plans of which a value has two readers, or a step a place too many.
#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/ops/shape.hpp>
#include <tinynn/program/check_plan.hpp>
#include <tinynn/program/program.hpp>
#include <tinynn/program/step_table.hpp>

#include "tests/support/compare.hpp"

using namespace tinynn;

TEST_CASE("program. relu stays before a pool if something else reads what it makes") {
  struct TwoReaders : nn::Module {
    nn::Conv2d conv{1, 3, 3};
    nn::Linear of_largest{27, 4}, of_mean{3, 4};
    void members(nn::Visitor& v) override {
      v("conv", conv), v("of_largest", of_largest), v("of_mean", of_mean);
    }
    Tensor forward(const Tensor& x) override {
      const Tensor h = relu(conv(x));
      return of_largest(flatten(max_pool2d(h, 2))) + of_mean(mean(h, {2, 3}));
    }
  } net;
  net.eval();
  const Tensor x = randn({6, 1, 8, 8});
  for (const int64_t samples : {1, 6}) {  // one by one, and as a block
    const Tensor some = slice(x, 0, 0, samples);
    CHECK(test::difference(deploy::compile(net, x)(some).values(), net(some).values(), 1e-5) == "");
  }
}

TEST_CASE("program. a gather may read every number, and none beside them") {
  deploy::Plan plan;
  plan.values = {Shape{3}, Shape{2}};
  plan.input = 0;
  plan.output = 1;
  plan.steps.push_back({.kind = &deploy::steps::gather, .inputs = {0}, .output = 1, .from = {0, 2}});
  CHECK_NOTHROW(deploy::check_plan(plan));
  for (const int32_t place : {-1, 3}) {
    plan.steps[0].from[1] = place;
    CHECK_THROWS_AS(deploy::check_plan(plan), Error);
  }
}
