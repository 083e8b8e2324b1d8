// The table of steps is complete, and its activations are the operations of those names.
#include <set>
#include <string>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/ops/registry.hpp>
#include <tinynn/program/check_plan.hpp>
#include <tinynn/program/plan.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/with_activation.hpp"

using namespace tinynn;

TEST_CASE("program. every row of the table of steps has all its parts") {
  std::set<std::string> names;
  for (const deploy::StepKind* row : deploy::step_table()) {
    CAPTURE(row->name);
    CHECK(names.insert(row->name).second);
    const bool has_shape = row->shape != nullptr, runs = row->make != nullptr || row->selects;
    CHECK(has_shape);
    CHECK(runs);
    CHECK(row->onnx != nullptr);
    CHECK(row->header != nullptr);
    const bool is_operation = row->operation == nullptr || ops::find(row->operation) != nullptr;
    CHECK(is_operation);
    CHECK(deploy::find_step(row->name) == row);
    if (row->operation != nullptr) CHECK(deploy::step_of_operation(row->operation) == row);
  }
  CHECK(deploy::find_step("no such step") == nullptr);
}

TEST_CASE("program. an activation's row does what its operation does, to the bit") {
  test::Draw draw(1);
  Tensor x = draw.tensor({1000});
  for (float& v : std::span(x.mutable_data(), 1000)) v *= 5;
  for (size_t i = 0; const float v : {0.0F, -0.0F, 3.0F, -3.0F, 6.0F, 1.0F, -1.0F, 100.0F, -100.0F})
    x.mutable_data()[i++] = v;
  for (const deploy::StepKind* row : test::activations()) {
    CAPTURE(row->name);
    auto got = x.to_vector();
    row->activate(std::ssize(got), got.data(), {0.3, 0.7});
    CHECK(test::bit_difference(got, test::activated(*row, x).values()) == "");
  }
  CHECK(test::activations().size() >= 7);
}

TEST_CASE("program. activations where a step cannot have them are refused") {
  deploy::Plan plan;
  plan.values = {Shape{1, 4, 4}, Shape{1, 2, 2}};
  plan.output = 1;
  plan.steps = {{.kind = &deploy::steps::max_pool2d, .inputs = {0}, .output = 1, .kernel = 2, .stride = 2}};
  plan.steps[0].activation = &deploy::steps::relu;
  deploy::check_plan(plan);
  plan.steps[0].activation = deploy::find_step("sigmoid");
  CHECK(test::error_of([&] { deploy::check_plan(plan); }) ==
        "plan: step 0, max_pool2d: with the activation sigmoid");
  plan.steps[0].activation = &deploy::steps::add;
  CHECK(test::error_of([&] { deploy::check_plan(plan); }) ==
        "plan: step 0, max_pool2d: with the activation add");
}

TEST_CASE("program. an adaptive pool has no kernel, and dilated windows see pixels") {
  deploy::Plan plan;
  plan.values = {Shape{1, 64, 64}, Shape{1, 1, 1}};
  plan.output = 1;
  plan.steps = {{.kind = &deploy::steps::adaptive_avg_pool2d, .inputs = {0}, .output = 1}};
  deploy::check_plan(plan);
  plan.steps[0].kernel = 1;  // the kernel would count windows by it, and write 64 x 64 numbers
  CHECK_THROWS_AS(deploy::check_plan(plan), Error);
  plan.values = {Shape{1, 1, 3}, Shape{1, 1, 1}};
  plan.steps = {{.kind = &deploy::steps::max_pool2d,
                 .inputs = {0},
                 .output = 1,
                 .kernel = 2,
                 .stride = 3,
                 .dilation = 2,
                 .padding = {1, 1, 0, 0}}};
  CHECK_THROWS_AS(deploy::check_plan(plan), Error);
}

TEST_CASE("program. a gather takes every place of its input, and none beside") {
  deploy::Plan plan;
  plan.values = {Shape{2, 3}, Shape{2}};
  plan.output = 1;
  plan.steps = {{.kind = &deploy::steps::gather, .inputs = {0}, .output = 1, .from = {0, 5}}};
  deploy::check_plan(plan);
  for (const int32_t place : {-1, 6}) {
    plan.steps[0].from[1] = place;
    CHECK(test::error_of([&] { deploy::check_plan(plan); }) ==
          "plan: step 0, gather: a place outside (2, 3)");
  }
}
