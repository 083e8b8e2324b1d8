// A module lists its members once; names, modes and parameters follow from that.
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/activation.hpp>

using namespace tinynn;

namespace {

struct Block : nn::Module {
  nn::Linear in{3, 4}, out{4, 3, {.bias = false}};
  void members(nn::Visitor& v) override {
    v("in", in);
    v("out", out);
  }
  Tensor forward(const Tensor& x) override { return out(relu(in(x))); }
};

struct Net : nn::Module {
  Block block;
  nn::Sequential head{nn::Linear(3, 2), nn::ReLU(), nn::Linear(2, 1)};
  Parameter scale{ones({1})};
  void members(nn::Visitor& v) override {
    v("block", block);
    v("head", head);
    v("scale", scale);
  }
  Tensor forward(const Tensor& x) override { return head(block(x)); }
};

struct Tied : nn::Module {
  nn::Linear first{4, 4}, second{4, 4};
  Tied() { second.weight = first.weight; }
  void members(nn::Visitor& v) override {
    v("first", first);
    v("second", second);
  }
  Tensor forward(const Tensor& x) override { return second(first(x)); }
};

std::vector<std::string> names(nn::Module& module) {
  std::vector<std::string> result;
  for (const auto& [name, parameter] : module.named_parameters()) result.push_back(name);
  return result;
}

}  // namespace

TEST_CASE("nn. parameters are named as in PyTorch") {
  Net net;
  CHECK(names(net) == std::vector<std::string>{"block.in.weight", "block.in.bias", "block.out.weight",
                                               "head.0.weight", "head.0.bias", "head.2.weight", "head.2.bias",
                                               "scale"});
  nn::Sequential lenet{nn::Conv2d(1, 2, 3), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(), nn::Linear(8, 2)};
  CHECK(names(lenet) == std::vector<std::string>{"0.weight", "0.bias", "4.weight", "4.bias"});
  CHECK(net.parameters().size() == 8);
  CHECK(net.parameters()[0].handle() == net.block.in.weight.handle());
}

TEST_CASE("nn. tied parameters are listed once") {
  Tied tied;
  CHECK(names(tied) == std::vector<std::string>{"first.weight", "first.bias", "second.bias"});
}

TEST_CASE("nn. train and eval reach every module below") {
  Net net;
  auto in_training = [&] {
    int count = 0;
    for (const nn::Module* module : net.modules()) count += module->is_training();
    return count;
  };
  CHECK(net.modules().size() == 8);  // itself, block with two, head with three
  CHECK(in_training() == 8);
  net.eval();
  CHECK(in_training() == 0);
  CHECK(!net.head[1].is_training());
  net.head.train();
  CHECK(in_training() == 4);
  {
    const nn::KeepMode keep(net);
    net.train();
    CHECK(in_training() == 8);
  }
  CHECK(in_training() == 4);
}

TEST_CASE("nn. an observer of calls goes on when one that came later has ended") {
  Net net;
  int64_t first = 0, later = 0;
  const auto count = [](int64_t& calls) { return [&calls](nn::Module&, const Tensor&) { ++calls; }; };
  const auto nothing = [](nn::Module&, const Tensor&) {};
  const nn::CallObserver observer(count(first), nothing);
  {
    const nn::CallObserver inner(count(later), nothing);
    net(ones({1, 3}));
  }
  REQUIRE(later == 8);
  first = 0;
  net(ones({1, 3}));
  CHECK(first == 8);
  CHECK(later == 8);
}

TEST_CASE("nn. a member may be replaced") {
  Net net;
  net.block.in = nn::Linear(3, 7);
  net.block.out = nn::Linear(7, 3);
  CHECK(net.parameters()[0].shape() == Shape{7, 3});
  CHECK(names(net).size() == 9);  // the new one has a bias
  CHECK(net(ones({5, 3})).shape() == Shape{5, 1});
}

TEST_CASE("nn. sequential runs its modules in order and checks its index") {
  nn::Sequential net{nn::Linear(3, 2), nn::ReLU()};
  net.add(nn::Linear(2, 4));
  CHECK(net.size() == 3);
  CHECK(net(ones({1, 3})).shape() == Shape{1, 4});
  CHECK_THROWS_WITH_AS(net[3], "Sequential: no module 3 among 3", Error);
  CHECK_THROWS_AS(net[-1], Error);
  auto& first = dynamic_cast<nn::Linear&>(net[0]);
  first.weight.assign(full({2, 3}, -1));
  first.bias.assign(zeros({2}));
  CHECK(count_nonzero(net[1](first(ones({1, 3})))) == 0);
  CHECK(nn::Sequential()(ones({2})).to_vector() == std::vector<float>{1, 1});
}

TEST_CASE("nn. a sequential inside a sequential is one member") {
  nn::Sequential inner{nn::Linear(2, 2), nn::ReLU()}, net{inner, nn::Linear(2, 2)};
  CHECK(net.size() == 2);
  CHECK(names(net) == std::vector<std::string>{"0.0.weight", "0.0.bias", "1.weight", "1.bias"});
}

TEST_CASE("nn. a sequential's module may be replaced, and put back") {
  nn::Sequential net{nn::Linear(3, 2), nn::Linear(2, 2)};
  const nn::Module* second = &net[1];
  auto before = net.replace(1, nn::Sequential::Entry(nn::ReLU()));
  CHECK(&*before == second);
  CHECK(names(net) == std::vector<std::string>{"0.weight", "0.bias"});
  net.replace(1, std::move(before));
  CHECK(&net[1] == second);
  CHECK_THROWS_WITH_AS(net.replace(2, nn::Sequential::Entry(nn::ReLU())), "Sequential: no module 2 among 2",
                       Error);
}

TEST_CASE("nn. gradients reach every parameter, with bias or without") {
  Net net;
  for (const Parameter& p : net.parameters()) CHECK(!p.grad().defined());
  net(ones({2, 3})).backward(ones({2, 1}));
  for (const auto& entry : net.named_parameters()) {
    CAPTURE(entry.first);
    CHECK(entry.second.grad().defined() == (entry.first != "scale"));  // which is listed but not used
  }
}
