#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/train/recalibrate.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/error_of.hpp"

using namespace tinynn;

TEST_CASE("train. recalibrated statistics are averages of the batches alone") {
  constexpr int64_t n = 40, features = 3;
  const Tensor samples = test::Draw(3).tensor({n, features});
  data::DataLoader loader(std::make_shared<data::TensorDataset>(samples, Labels(std::vector<int64_t>(n, 0))),
                          {.batch_size = 10});
  manual_seed(1);
  nn::BatchNorm1d norm(features, {.momentum = 0.25});
  nn::Linear linear(features, 2);
  nn::Sequential net{norm, linear};
  norm.running_mean.mutable_data()[0] = 1000;  // of a network that is no more
  net.eval();
  const auto weights = net.parameters();
  std::vector<std::vector<float>> before;
  for (const auto& weight : weights) before.push_back(weight.to_vector());
  train::recalibrate_batch_norm(net, loader, 80);  // twenty epochs of four batches

  // By the book: m * batch + (1 - m) * average, from what it was.
  std::vector<double> mean{1000, 0, 0}, var(features, 1);
  for (int64_t batch = 0; batch < 80; ++batch) {
    for (int64_t f = 0; f < features; ++f) {
      double sum = 0, squares = 0;
      for (int64_t i = 0; i < 10; ++i) {
        const double x = samples.data()[(batch % 4 * 10 + i) * features + f];
        sum += x;
        squares += x * x;
      }
      mean[f] = 0.75 * mean[f] + 0.25 * sum / 10;
      var[f] = 0.75 * var[f] + 0.25 * (squares - sum * sum / 10) / 9;
    }
  }
  CHECK(test::difference(norm.running_mean.to_vector(), mean, 1e-5) == "");
  CHECK(test::difference(norm.running_var.to_vector(), var, 1e-5) == "");
  CHECK_FALSE(net.is_training());
  for (size_t k = 0; k < weights.size(); ++k) {
    CHECK(weights[k].to_vector() == before[k]);
    CHECK_FALSE(weights[k].grad().defined());
  }
  CHECK_THROWS_WITH_AS(train::recalibrate_batch_norm(net, loader, -1),
                       "recalibrate_batch_norm: -1 batches, expected 0 or more", Error);
  const auto kept = norm.running_mean.to_vector();
  train::recalibrate_batch_norm(net, loader, 0);
  CHECK(norm.running_mean.to_vector() == kept);
}
