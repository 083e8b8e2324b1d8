// Quantisation against what it says: scales, whole numbers and what is computed with them.
#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/export/quantize.hpp>
#include <tinynn/export/step_by_step.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/program/eight_bits.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/int8_twin.hpp"
#include "tests/support/random_network.hpp"

using namespace tinynn;

namespace {

double as_double(float x) { return static_cast<double>(x); }

// A random network, what it was calibrated on, and what became of it.
struct Quantized {
  explicit Quantized(uint64_t seed) {
    manual_seed(seed);
    test::RandomNetwork net(seed);
    images = test::Draw(seed).tensor({16, 2, test::RandomNetwork::size, test::RandomNetwork::size});
    plan = deploy::plan(net, images);
    small = deploy::quantize(plan, images);
  }
  Tensor images;
  deploy::Plan plan, small;
};

}  // namespace

TEST_CASE("export. weights in bytes are the nearest to those in floats, the largest of a row 127") {
  int64_t rows = 0;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    const Quantized q(seed);
    for (size_t s = 0; s < q.plan.steps.size(); ++s) {
      const deploy::Step& step = q.plan.steps[s];
      if (!step.kind->has_weight) continue;
      const int64_t each = step.weight.shape().inner(0);
      for (int64_t o = 0; o < step.weight.size(0); ++o, ++rows) {
        const float scale = q.small.steps[s].weight_scales[o];
        double largest = 0;
        for (int64_t i = o * each; i < (o + 1) * each; ++i) {
          const float before = step.weight.data()[i], after = q.small.steps[s].weight.data()[i];
          const double exact = as_double(before) / as_double(scale);
          const float whole = std::nearbyint(after / scale);
          REQUIRE(after == whole * scale);
          REQUIRE(std::abs(as_double(whole) - exact) <= 0.5 + 1e-5);
          if (before == 0) REQUIRE(after == 0);
          largest = std::max(largest, std::abs(exact));
        }
        // Or the bias is so large that it takes 20 bits. It is a whole number of steps, too.
        const auto steps = [&](const deploy::Step& of) {
          return as_double(of.bias.data()[o]) /
                 as_double(deploy::scale_of_sums(q.small, q.small.steps[s], o));
        };
        const double bias = steps(step), rounded = steps(q.small.steps[s]);
        if (!q.small.formats[step.inputs[0]].is_float()) {
          REQUIRE(std::abs(rounded - bias) <= 0.5 + 1e-5 + 2e-7 * std::abs(bias));
          REQUIRE(std::abs(rounded - std::nearbyint(rounded)) <= 0.1);
        }
        if (largest == 0 && bias == 0) continue;
        REQUIRE(largest <= 127.0001);
        REQUIRE(std::abs(bias) <= 0x1p20 + 1);
        REQUIRE((largest >= 126.9999 || std::abs(bias) >= 0x1p20 - 1));
      }
    }
  }
  CHECK(rows > 500);
}

TEST_CASE("export. the largest number that calibration saw is the largest that can be stored") {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    const Quantized q(seed);
    std::vector<float> low(q.plan.values.size()), high(q.plan.values.size());
    deploy::StepByStep program(q.plan);
    for (int64_t i = 0; i < q.images.size(0); ++i) {
      program.run(q.images.data() + i * q.images.shape().inner(0),
                  [&](int value, std::span<const float> numbers) {
                    for (const float x : numbers) {
                      low[value] = std::min(low[value], x);
                      high[value] = std::max(high[value], x);
                    }
                  });
    }
    for (size_t v = 0; v < low.size(); ++v) {
      CAPTURE(v);
      const deploy::NumberFormat& format = q.small.formats[v];
      if (format.is_float()) continue;
      REQUIRE(low[v] / format.scale >= format.lowest() - 0.5001F);
      REQUIRE(high[v] / format.scale <= format.highest() + 0.5001F);
      REQUIRE((format.type == deploy::NumberFormat::Type::int8) == (format.lowest() < 0));
    }
    // Of the input, whose numbers are all its own.
    const deploy::NumberFormat& input = q.small.formats[q.plan.input];
    if (!input.is_float()) {
      const float largest = std::max(-low[q.plan.input], high[q.plan.input]);
      CHECK(std::abs(largest / input.scale - input.highest()) < 1e-4F);
    }
  }
}

TEST_CASE("export. a large bias over small weights keeps its sums in 32 bits") {
  deploy::Plan plan{.values = {Shape{2}, Shape{1}}, .steps = {}, .input = 0, .output = 1};
  plan.steps.push_back({.kind = &deploy::steps::linear,
                        .inputs = {0},
                        .output = 1,
                        .weight = tensor({1e-6F, -1e-6F}, {1, 2}),
                        .bias = tensor({1}, {1})});
  const Tensor x = tensor({1, -1, 0.5F, 0.25F}, {2, 2});
  const auto small = deploy::quantize(plan, x);
  const Tensor y = deploy::Program(small)(x);
  CHECK(test::difference(y.values(), deploy::Program(plan)(x).values(), 4e-6) == "");
  CHECK(test::bit_difference(test::int8_outputs(small, x).values(), y.values()) == "");
}

TEST_CASE("export. a quantised network gives about what the network gives") {
  for (const std::string name : {"lenet-300-100", "lenet-5", "simple-cnn"}) {
    CAPTURE(name);
    manual_seed(3);
    const auto net = models::make(name);
    const Tensor x = randn({16, 1, 28, 28});
    const auto plan = deploy::plan(*net, x);
    const auto exact = deploy::Program(plan)(x).to_vector(),
               rounded = deploy::Program(deploy::quantize(plan, x))(x).to_vector();
    double error = 0, size = 0;
    for (size_t i = 0; i < exact.size(); ++i) {
      error += std::pow(static_cast<double>(exact[i] - rounded[i]), 2);
      size += std::pow(static_cast<double>(exact[i]), 2);
    }
    CHECK(error < 0.03 * 0.03 * size);
  }
}

TEST_CASE("export. what cannot be quantised is refused") {
  manual_seed(1);
  const auto net = models::make("lenet-300-100");
  auto plan = deploy::plan(*net, zeros({1, 1, 28, 28}));
  CHECK_THROWS_WITH_AS(deploy::quantize(plan, zeros({1, 3, 28, 28})),
                       "quantize: images are (1, 3, 28, 28), expected some of (1, 28, 28)", Error);
  for (auto& step : plan.steps) {
    if (step.kind == &deploy::steps::linear) step.bias.mutable_data()[0] = test::not_a_number;
  }
  CHECK_THROWS_AS(deploy::quantize(plan, zeros({1, 1, 28, 28})), Error);
}
