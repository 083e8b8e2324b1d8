#include <cmath>
#include <locale>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/export/header.hpp>
#include <tinynn/export/header_arrays.hpp>
#include <tinynn/export/quantize.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/program/plan_file.hpp>
#include <tinynn/prune/mask_rules.hpp>

#include "tests/support/compare.hpp"

using namespace tinynn;

namespace {

deploy::Plan digits_plan(double sparsity = 0) {
  manual_seed(1);
  const auto net = models::make("lenet-300-100");
  prune::prune(prune::weights(*net), prune::fraction(sparsity));
  return deploy::plan(*net, zeros({1, 1, 28, 28}));
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("export. weights of a header take the smallest of three forms") {
  const auto form = [](double density, bool bytes) {
    std::vector<float> weights(10000);
    for (size_t i = 0; i < weights.size(); ++i)
      weights[i] = static_cast<double>(i % 100) < 100 * density ? 1.0F : 0.0F;
    deploy::HeaderArrays arrays;
    const auto stored = arrays.add_weights("w", weights, 1000, bytes);
    return stored.storage + " " + std::to_string(arrays.bytes());
  };
  CHECK(form(1, true) == "dense 10000");
  CHECK(form(0.5, true) == "masked 6250");  // a bit each, and 5000 bytes
  CHECK(form(0.03, true) == "sparse 610");  // two bytes each, and a count for each of 10 rows
  CHECK(form(0.97, false) == "dense 40000");
  CHECK(form(0.5, false) == "masked 21250");
  CHECK(form(0, true) == "sparse 14");  // no array is shorter than two numbers
}

TEST_CASE("export. gaps that no byte holds are bridged by zeros") {
  std::vector<float> row(2000);
  row[300] = 5, row[811] = -7;
  deploy::HeaderArrays arrays;
  arrays.add_weights("w", row, 2000, true);
  CHECK(contains(arrays.text(), "w_counts[] = {\n    5};"));
  CHECK(contains(arrays.text(), "w_gaps[] = {\n    255, 45, 255, 255, 1};"));
  CHECK(contains(arrays.text(), "w_values[] = {\n    0, 5, 0, 0, -7};"));
}

TEST_CASE("export. a header is the same each time, and says what it takes") {
  const auto header = deploy::to_header(digits_plan(0.9), {.name = "digits", .card = {{"model", "a\nb\\"}}});
  CHECK(header.text ==
        deploy::to_header(digits_plan(0.9), {.name = "digits", .card = {{"model", "a\nb\\"}}}).text);
  CHECK(contains(header.text, "//   model       a?b?\n"));
  CHECK(contains(header.text, "//   constants   " + std::to_string(header.constant_bytes) + " bytes\n"));
  CHECK(header.memory_bytes == 4 * (300 + 100));  // the input and the output are the caller's
}

TEST_CASE("export. a header is the same in every locale") {
  const auto text = [] {
    const auto plan = digits_plan(0.9);
    return deploy::to_header(plan).text +
           deploy::to_header(deploy::quantize(plan, randn({8, 1, 28, 28}))).text;
  };
  struct Grouping : std::numpunct<char> {
    char do_thousands_sep() const override { return '.'; }
    char do_decimal_point() const override { return ','; }
    std::string do_grouping() const override { return "\2"; }
  };
  const std::string before = text();
  const std::locale classic = std::locale::global(std::locale(std::locale(), new Grouping));
  const std::string after = text();
  std::locale::global(classic);
  CHECK(before == after);
}

TEST_CASE("export. a header has the kernels that it calls, and no others") {
  const std::string text = deploy::to_header(digits_plan(0.98)).text;
  for (const std::string name : {"linear_sparse", "relu", "identity", "as_is", "read"})
    CHECK(contains(text, " network_nn_" + name + "("));
  for (const std::string name : {"conv2d", "linear_dense", "requantize", "sigmoid", "map", "softmax"})
    CHECK(!contains(text, "network_nn_" + name));
  CHECK(!contains(text.substr(text.find("#include")), "tinynn_"));
}

TEST_CASE("export. the bias of whole sums is the nearest number of their steps") {
  deploy::Plan plan{.values = {Shape{2}, Shape{3}}, .steps = {}, .input = 0, .output = 1};
  plan.steps.push_back({.kind = &deploy::steps::linear,
                        .inputs = {0},
                        .output = 1,
                        .weight = tensor({1, 2, 3, 4, 5, 6}, {3, 2}),
                        .bias = tensor({1.9F, -3.8F, 0.6F}, {3}),
                        .weight_scales = {1, 1, 1}});
  plan.formats = {{deploy::NumberFormat::Type::int8, 0.5F}, {}};
  const auto header = deploy::to_header(plan);
  CHECK(contains(header.text, "linear_0_bias[] = {\n    4, -8, 1};"));
}

TEST_CASE("export. values of a header that are not needed at the same time share memory") {
  manual_seed(1);
  const auto net = models::make("lenet-5");
  const auto plan = deploy::plan(*net, zeros({1, 1, 28, 28}));
  // The first convolution and its pooled images, and a plane of sums.
  CHECK(deploy::to_header(plan).memory_bytes == 4 * (20 * 24 * 24 + 20 * 12 * 12 + 24 * 24));
  // With vectors the second convolution's 20 x 12 x 12 are laid out for rows of eight, which they have.
  CHECK(deploy::to_header(plan).vector_memory_bytes == 4 * (20 * 24 * 24 + 20 * 12 * 12 + 20 * 12 * 12));
  const auto quantized = deploy::quantize(plan, randn({4, 1, 28, 28}));
  // In bytes also the image, which is rounded before the first convolution reads it.
  CHECK(deploy::to_header(quantized).memory_bytes == 28 * 28 + 20 * 24 * 24 + 20 * 12 * 12 + 4 * 24 * 24);
}

TEST_CASE("export. dense kernels of 3x3 are convolved by Winograd's way where they have the channels") {
  manual_seed(1);
  const auto header = [](int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t side) {
    nn::Conv2d conv(in, out, kernel, {.stride = stride, .padding = kernel / 2});
    return deploy::to_header(deploy::plan(conv, zeros({1, in, side, side})));
  };
  const auto taken = header(8, 16, 3, 1, 10);
  CHECK(contains(taken.text, "network_nn_conv2d_winograd(conv2d_0, "));
  // 5 rows of 5 tiles, counted as 8, in 3 blocks; eight outputs' weights; 12 rows of 18 padded pixels.
  CHECK(taken.vector_memory_bytes == 4 * (16 * (3 * 16 * 9 + 8 * 8) + 8 * 12 * 18));
  CHECK(taken.memory_bytes == 4 * 10 * 10);
  nn::Conv2d pruned(2, 3, 3, {.stride = 2, .padding = 1});
  prune::prune(prune::weights(pruned), prune::fraction(0.9));
  // 9 rows of 2 x 9 padded pixels, and of a row of weights two numbers each.
  CHECK(deploy::to_header(deploy::plan(pruned, zeros({1, 2, 8, 8}))).vector_memory_bytes ==
        4 * (2 * 9 * 2 * 9 + 2 * 18));
  for (const auto& other : {header(4, 16, 3, 1, 10), header(8, 4, 3, 1, 10), header(8, 16, 5, 1, 10),
                            header(8, 16, 3, 2, 10), header(8, 16, 3, 1, 4)})
    CHECK(contains(other.text, "network_nn_conv2d_dense(conv2d_0, "));
}

TEST_CASE("export. what cannot be a header is refused") {
  const auto plan = digits_plan();
  for (const std::string name : {"", "1st", "a b", "_a", "a_", "a__b", "a-b"}) {
    CHECK_THROWS_WITH_AS(
        deploy::to_header(plan, {.name = name}),
        ("header: the name is \"" + name +
         "\", expected letters, digits and single underscores, the first a letter and the last no "
         "underscore")
            .c_str(),
        Error);
  }
  CHECK_THROWS_WITH_AS(
      deploy::with_normalization(plan, {0, 0, 0}, {1, 1, 1}),
      "with_normalization: 3 means and 3 deviations for 1 channels, expected as many or one, and "
      "deviations above 0",
      Error);
  auto broken = digits_plan();
  for (auto& step : broken.steps) {
    if (step.kind == &deploy::steps::linear) step.bias.mutable_data()[0] = test::not_a_number;
  }
  CHECK_THROWS_WITH_AS(deploy::to_header(broken), "header: linear has a constant that is not finite", Error);
}
