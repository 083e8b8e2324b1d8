// Layers, losses and optimizers together: what a whole training run promises.
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/buffer.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/optim/adam.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;

namespace {

// Forty small images whose class is the corner that is bright.
struct Problem {
  Tensor images;
  Labels labels;

  Problem() {
    test::Draw draw(120);
    images = draw.tensor({40, 1, 12, 12});
    std::vector<int64_t> classes;
    for (int64_t i = 0; i < 40; ++i) {
      classes.push_back(i % 4);
      for (int64_t k = 0; k < 36; ++k) {
        const int64_t row = k / 6 + (i % 4 / 2) * 6, column = k % 6 + (i % 2) * 6;
        images.mutable_data()[i * 144 + row * 12 + column] += 1;
      }
    }
    labels = Labels(classes);
  }
};

struct Run {
  std::vector<float> losses, weights;
  std::vector<int64_t> allocations;

  explicit Run(int steps, bool masked = false) {
    const Problem problem;
    manual_seed(9);
    nn::Conv2d conv(1, 6, 3, {.padding = 1, .bias = false});
    nn::Linear linear(6 * 6 * 6, 4);
    if (masked) {
      for (Parameter* p : {&conv.weight, &linear.weight}) p->prune(test::Draw(121).mask(p->shape()));
    }
    nn::Sequential net{conv, nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(), linear};
    optim::Adam adam(net.parameters(), {.lr = 0.01});
    for (int step = 0; step < steps; ++step) {
      adam.zero_grad();
      const Tensor loss = cross_entropy(net(problem.images), problem.labels);
      loss.backward();
      adam.step();
      losses.push_back(static_cast<float>(loss.item()));
      allocations.push_back(memory_stats().allocations);
    }
    for (const Parameter& p : net.parameters())
      weights.insert(weights.end(), p.values().begin(), p.values().end());
  }
};

}  // namespace

TEST_CASE("nn. a small network learns, pruned or not") {
  for (bool masked : {false, true}) {
    const Run run(40, masked);
    CHECK(run.losses.front() > 1);
    CHECK(run.losses.back() < 0.1);
    CHECK((std::ranges::count(run.weights, 0.0F) > 300) == masked);
  }
}

TEST_CASE("nn. training gives the same bits with any number of threads") {
  const auto one = test::with_threads(1, [] { return Run(10); });
  for (int64_t threads : {2, 3}) {
    const auto many = test::with_threads(threads, [] { return Run(10); });
    CHECK(test::bit_difference(many.losses, one.losses) == "");
    CHECK(test::bit_difference(many.weights, one.weights) == "");
  }
}

TEST_CASE("nn. after its first steps a training run asks for no memory") {
  release_cached_memory();
  const auto run = test::with_threads(1, [] { return Run(12, true); });
  CHECK(run.allocations[1] > 0);
  CHECK(run.allocations.back() == run.allocations[1]);
}
