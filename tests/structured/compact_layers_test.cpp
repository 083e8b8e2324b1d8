// Deletion through layers whose own parameters go with a channel, or hold several channels together.
#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/prelu.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/structured/compact.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"

using namespace tinynn;

namespace {

template <class Layer>
Layer& layer(nn::Sequential& net, int64_t i) {
  return dynamic_cast<Layer&>(net[i]);
}

// Deletes what the masks have killed, and checks that the outputs are those of the masked network.
structured::Compacted compact(nn::Module& net, const Tensor& x) {
  structured::complete_masks(net, x);
  const Tensor before = graph::run(net, x)[0];
  const auto report = structured::compact(net, x);
  CHECK(report.output_difference <= 1e-6);
  CHECK(test::difference(graph::run(net, x)[0].values(), before.values(), 1e-5) == "");
  return report;
}

}  // namespace

TEST_CASE("structured. a slope of PReLU goes with its channel, one for all stays, and neither kills one") {
  manual_seed(20);
  const Tensor x = test::Draw(20).tensor({3, 2, 6, 6});
  nn::Sequential net{nn::Conv2d(2, 4, 3), nn::PReLU(4), nn::Conv2d(4, 4, 3), nn::PReLU(),
                     nn::Conv2d(4, 2, 1)};
  auto& slopes = layer<nn::PReLU>(net, 1).weight;
  slopes.assign(tensor({1, 2, 3, 4}));
  prune::mask_slices(layer<nn::Conv2d>(net, 0).weight, 0, {1});
  prune::mask_slices(layer<nn::Conv2d>(net, 2).weight, 0, {0, 2});
  prune::mask_slices(slopes, 0, {3});  // relu of it, which is alive
  const auto report = compact(net, x);
  CHECK(report.channels == 3);
  CHECK(slopes.to_vector() == std::vector<float>{1, 3, 0});
  CHECK(layer<nn::Conv2d>(net, 2).weight.shape() == Shape{2, 3, 3, 3});
  CHECK(layer<nn::PReLU>(net, 3).weight.shape() == Shape{1});
}
