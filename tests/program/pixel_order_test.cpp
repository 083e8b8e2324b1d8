// Values that lie pixel by pixel: programs of convolutions of many channels, with all that may stand between.
#include <algorithm>

#include <doctest/doctest.h>

#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/shape.hpp>
#include <tinynn/program/pixel_order.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/isas.hpp"

using namespace tinynn;

namespace {

constexpr int64_t channels = 16;  // of every value: whole vectors on every instruction set

// Steps at random, each of what earlier ones made.
class WideNetwork : public nn::Module {
 public:
  explicit WideNetwork(uint64_t seed) : seed_(seed) {
    for (int64_t i = 0; i < 10; ++i) {
      const int64_t padding = i % 3;  // kernels of 1x1, 3x3 and 5x5
      convs_.emplace_back(channels, channels, 2 * padding + 1, nn::Conv2dOptions{.padding = padding});
    }
  }

  void members(nn::Visitor& v) override {
    v("first", first_);
    for (size_t i = 0; i < convs_.size(); ++i) v("conv" + std::to_string(i), convs_[i]);
  }

  Tensor forward(const Tensor& x) override {
    test::Draw draw(seed_);
    std::vector<Tensor> made{first_(x)};
    const auto any = [&] {
      return made[static_cast<size_t>(draw.between(0, static_cast<int64_t>(made.size()) - 1))];
    };
    for (auto& conv : convs_) {
      switch (draw.between(0, 7)) {
        case 0: made.push_back(relu(any())); break;
        case 1: made.push_back(sigmoid(any())); break;
        case 2: made.push_back(any() + any()); break;
        case 3: made.push_back(tanh(any() * any())); break;
        case 4: made.push_back(max_pool2d(any(), 3, {.stride = 1, .padding = 1})); break;
        default: made.push_back(relu(conv(any()))); made.push_back(conv(made.back()));
      }
    }
    Tensor sum = made[0];
    for (size_t i = 1; i < made.size(); ++i) sum = sum + tanh(made[i]);
    return draw.coin() ? sum : avg_pool2d(sum, 2);
  }

 private:
  uint64_t seed_;
  nn::Conv2d first_{2, channels, 3, {.padding = 1}};
  std::vector<nn::Conv2d> convs_;
};

int64_t count_by_pixels(const deploy::Plan& plan) {
  return std::ranges::count(deploy::values_by_pixels(plan, plan.steps.size()), true);
}

}  // namespace

TEST_CASE("program. values that lie pixel by pixel are those of the network, on every instruction set") {
  for (const auto& isa : kernels::isas()) {
    const test::Isa forced(isa);
    CAPTURE(isa);
    int64_t by_pixels = 0;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      CAPTURE(seed);
      manual_seed(seed);
      WideNetwork net(seed);
      const nn::EvaluationScope evaluation(net);
      const Tensor x = test::Draw(seed).tensor({5, 2, 6, 9});
      const deploy::Plan plan = deploy::plan(net, x);
      by_pixels += count_by_pixels(plan);
      const Tensor expected = net(x);
      const deploy::Program program(plan);
      REQUIRE(test::difference(program(x).values(), expected.values(), 1e-4) == "");
      REQUIRE(test::difference(program(x).values(), expected.values(), 1e-4) == "");  // in used memory
    }
    CHECK(by_pixels > 100);
  }
}

TEST_CASE("program. values lie pixel by pixel where that saves transpositions") {
  const test::Isa forced(kernels::isas().front());
  const auto count = [](const std::string& model) {
    manual_seed(1);
    const auto net = models::make(model);
    const Shape one = models::input_shape(model);
    return count_by_pixels(deploy::plan(*net, zeros({1, one[0], one[1], one[2]})));
  };
  // Of the first stage what the stem gives, and of each of three blocks both convolutions' results and their
  // sum with its input; of the other two stages the same, but for the first convolution, which has a stride.
  CHECK(count("resnet-20") == 10 + 2 * 9);
  CHECK(count("lenet-5") == 0);
}
