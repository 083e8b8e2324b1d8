#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/graph/summary.hpp>
#include <tinynn/models/simple_cnn.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/linear.hpp>

using namespace tinynn;

TEST_CASE("graph. summary shows every layer with its output, parameters, multiply-accumulates and density") {
  models::SimpleCNN net;
  Mask mask(net.fc1.weight.shape());
  for (int64_t i = 0; i < mask.shape().numel(); i += 2) mask.set(i, false);
  net.fc1.weight.prune(mask);
  CHECK(graph::summary(net, zeros({3, 1, 28, 28})) ==
        "layer  type    output          parameters   MACs  density\n"
        "conv1  Conv2d  (3, 4, 28, 28)          40  28224     1.00\n"
        "conv2  Conv2d  (3, 8, 14, 14)         296  56448     1.00\n"
        "fc1    Linear  (3, 64)              25152  12544     0.50\n"
        "fc2    Linear  (3, 10)                650    640     1.00\n"
        "total                               26138  97856     0.52\n");
  CHECK(net.is_training());
}

namespace {

struct Inner : nn::Module {
  nn::Linear used_twice{4, 4};
  nn::ReLU relu;
  Parameter own{ones({3, 4})};
  void members(nn::Visitor& v) override {
    v("used_twice", used_twice);
    v("relu", relu);
    v("own", own);
  }
  Tensor forward(const Tensor& x) override { return linear(used_twice(relu(used_twice(x))), own); }
};

}  // namespace

TEST_CASE("graph. summary of containers, of layers used twice or never, and of tied parameters") {
  nn::Sequential net{nn::BatchNorm1d(4), Inner(), nn::Identity()};
  const auto rows = graph::layers(net, ones({2, 4}));
  REQUIRE(rows.size() == 5);
  CHECK(rows[0].name == "0");
  CHECK(rows[0].type == "BatchNorm1d");
  CHECK(rows[0].parameters == 8);
  CHECK(rows[0].weights == 0);  // no density: its bias starts at zero, and is not one of prune::weights()
  CHECK(rows[1].name == "1");   // has modules below it, and a weight of its own
  CHECK(rows[1].type == "Inner");
  CHECK(rows[1].parameters == 12);
  CHECK(rows[1].macs == 12);
  CHECK(rows[2].name == "1.used_twice");
  CHECK(rows[2].macs == 2 * 16);
  CHECK(rows[3].name == "1.relu");
  CHECK(rows[3].output == Shape{2, 4});
  CHECK(rows[4].type == "Identity");

  nn::Linear one(3, 3), other(3, 3);
  other.weight = one.weight;
  nn::Sequential tied{one, other};
  const auto shared = graph::layers(tied, ones({2, 3}));
  CHECK(shared.at(0).parameters == 12);
  CHECK(shared.at(1).parameters == 3);  // its bias
  CHECK(shared.at(1).weights == 0);

  nn::Linear lone(2, 2);
  CHECK(graph::layers(lone, ones({1, 2})).at(0).name.empty());
  CHECK_THROWS_WITH_AS(graph::summary(lone, ones({0, 2})),
                       "summary: an input of the example, (0, 2), has no sample", Error);
}

TEST_CASE("graph. a network of several inputs is counted, and summarised") {
  struct Pair : nn::Module {
    nn::Linear left{3, 4}, right{5, 4};
    void members(nn::Visitor& v) override {
      v("left", left);
      v("right", right);
    }
    std::vector<Tensor> forward_all(const std::vector<Tensor>& x) override {
      return {add(left(x[0]), right(x[1]))};
    }
  } pair;
  const graph::Example example({rand({2, 3}), rand({2, 5})});
  CHECK(graph::count(pair, example).macs == 3 * 4 + 5 * 4);
  const auto rows = graph::layers(pair, example);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].macs == 12);
  CHECK(rows[1].macs == 20);
  CHECK_THROWS_WITH_AS(graph::count(pair, std::vector<Tensor>{}), "count: the example has no input", Error);
  CHECK_THROWS_WITH_AS(graph::count(pair, std::vector<Tensor>{rand({2, 3}), rand({0, 5})}),
                       "count: an input of the example, (0, 5), has no sample", Error);
}
