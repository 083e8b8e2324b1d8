// Deletion case by case; compact_random_test.cpp tries it on networks that nobody thought of.
#include <limits>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/models/simple_cnn.hpp>
#include <tinynn/nn/conv1d.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/conv_transpose2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/nn/snapshot.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/pad.hpp>
#include <tinynn/ops/pointwise.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/ops/shape.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/structured/compact.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/moments.hpp"
#include "tests/support/with_activation.hpp"

using namespace tinynn;

namespace {

void kill(Parameter& weight, int64_t dim, std::initializer_list<int64_t> indices) {
  Mask mask(weight.shape());
  const int64_t inner = weight.shape().inner(dim), size = weight.shape()[dim];
  for (int64_t i = 0; i < weight.numel(); ++i) {
    if (std::ranges::find(indices, i / inner % size) != indices.end()) mask.set(i, false);
  }
  weight.prune(mask);
}

void train_steps(nn::Module& net, optim::Optimizer& optimizer, const Tensor& x, int steps) {
  for (int i = 0; i < steps; ++i) {
    optimizer.zero_grad();
    sum(pow(net(x), 2)).backward();
    optimizer.step();
  }
}

// All that a failed deletion must leave as it was.
std::vector<std::vector<float>> state_of(nn::Module& net) {
  std::vector<std::vector<float>> state;
  for (const Parameter& p : net.parameters()) {
    state.push_back(p.to_vector());
    state.emplace_back(p.grad().defined() ? p.grad().to_vector() : std::vector<float>{});
    state.emplace_back(p.mask().data(), p.mask().data() + (p.mask().defined() ? p.numel() : 0));
    for (const Tensor& moment : test::moments_of(p)) state.push_back(moment.to_vector());
  }
  for (const auto& [name, buffer] : net.named_buffers()) state.push_back(buffer.to_vector());
  return state;
}

}  // namespace

TEST_CASE(
    "structured. compact cuts filters, biases, moments and the inputs of the next layer; the optimizer goes "
    "on") {
  manual_seed(3);
  test::Draw draw(1);
  const Tensor x = draw.tensor({3, 1, 28, 28});
  models::SimpleCNN net;
  optim::Adam adam(net.parameters(), {.lr = 1e-3});
  train_steps(net, adam, x, 3);
  kill(net.conv1.weight, 0, {1, 3});
  kill(net.fc1.weight, 0, {0, 7, 63});
  const auto old_weight = net.conv2.weight.clone();
  const auto old_moment = test::moments_of(net.conv2.weight)[1].clone();

  const auto report = structured::compact(net, x);
  CHECK(report.channels == 5);
  CHECK(net.conv1.weight.shape() == Shape{2, 1, 3, 3});
  CHECK(net.conv1.bias.shape() == Shape{2});
  CHECK(net.conv2.weight.shape() == Shape{8, 2, 3, 3});
  CHECK(net.fc1.weight.shape() == Shape{61, 392});
  CHECK(net.fc2.weight.shape() == Shape{10, 61});
  CHECK(net.conv2.weight.to_vector() == index_select(old_weight, 1, {0, 2}).to_vector());
  CHECK(test::moments_of(net.conv2.weight)[1].to_vector() == index_select(old_moment, 1, {0, 2}).to_vector());
  CHECK(report.output_change_by_bias > 0);  // the biases of the dead filters were not zero
  CHECK(report.output_difference <= 1e-6);
  CHECK(report.parameters_before == 26138);
  CHECK(report.parameters == 26138 - 2 * (9 + 1) - 8 * 2 * 9 - 3 * 393 - 3 * 10);
  CHECK(report.kept.empty());
  CHECK(!net.conv1.weight.mask().defined());  // what was masked is gone
  train_steps(net, adam, x, 2);

  const auto again = structured::compact(net, x);  // nothing is left to do
  CHECK(again.channels == 0);
  CHECK(again.parameters == again.parameters_before);
}

TEST_CASE("structured. channels that nobody reads any more go, although their filters are alive") {
  manual_seed(4);
  nn::Sequential net{nn::Linear(3, 5), nn::Sigmoid(), nn::Linear(5, 2)};
  auto& last = dynamic_cast<nn::Linear&>(net[2]);
  kill(last.weight, 1, {2, 4});
  const auto report = structured::compact(net, test::Draw(2).tensor({4, 3}));
  CHECK(report.channels == 2);
  CHECK(report.output_change_by_bias == 0);
  CHECK(last.weight.shape() == Shape{2, 3});
}

TEST_CASE("structured. a constant other than zero is folded into the next bias where that is exact") {
  manual_seed(5);
  const Tensor x = test::Draw(3).tensor({4, 2, 6, 6});
  const auto network = [](const nn::Conv2dOptions& reader) {
    return nn::Sequential{nn::Conv2d(2, 4, 3), nn::Sigmoid(), nn::Conv2d(4, 4, {2, 1}, reader)};
  };
  for (const nn::Conv2dOptions& reader :
       {nn::Conv2dOptions{}, {.stride = 2}, {.dilation = {3, 1}}, {.groups = 2}}) {
    auto exact = network(reader);
    kill(dynamic_cast<nn::Conv2d&>(exact[0]).weight, 0, {1, 3});  // in both groups in the same place
    structured::complete_masks(exact, x);
    const auto before = graph::run(exact, x)[0];
    const auto report = structured::compact(exact, x);
    CHECK(report.folded == (reader.groups == 2 ? 1 : 2));
    CHECK(report.channels == report.folded);
    CHECK(report.output_difference <= 1e-6);
    CHECK(test::difference(graph::run(exact, x)[0].values(), before.values(), 1e-6) == "");
  }

  auto padded = network({.padding = {0, 0, 0, 1}}), without_bias = network({.bias = false});
  for (auto* net : {&padded, &without_bias}) {
    kill(dynamic_cast<nn::Conv2d&>((*net)[0]).weight, 0, {1});
    const auto state = state_of(*net);
    const auto refused = structured::compact(*net, x);
    CHECK(refused.channels == 0);
    REQUIRE(refused.kept.size() == 1);
    CHECK(state_of(*net) == state);  // nor was the bias masked
    CHECK(refused.kept[0] == (net == &padded
                                  ? "0.weight[1]: it is not zero, and conv2d of 2.weight pads with zeros, so "
                                    "that it is another at the border"
                                  : "0.weight[1]: it is not zero, and conv2d of 2.weight has no bias to "
                                    "fold it into"));
  }
}

TEST_CASE("structured. a channel that is one number until a pool counts its padding is not folded") {
  manual_seed(5);
  const Tensor x = test::Draw(3).tensor({4, 2, 6, 6});
  for (const bool counted : {true, false}) {
    CAPTURE(counted);
    nn::Sequential net{nn::Conv2d(2, 4, 3), nn::Sigmoid(),
                       nn::AvgPool2d(3, {.stride = 1, .padding = 1, .count_include_pad = counted}),
                       nn::Conv2d(4, 3, 1)};
    kill(dynamic_cast<nn::Conv2d&>(net[0]).weight, 0, {1});
    const auto report = structured::compact(net, x);
    CHECK(report.folded == (counted ? 0 : 1));
    if (counted)
      CHECK(report.kept ==
            std::vector<std::string>{"0.weight[1]: avg_pool2d_2 is not the same number everywhere"});
  }
}

TEST_CASE("structured. channels go through upsampling, their constants too") {
  manual_seed(6);
  const Tensor x = test::Draw(3).tensor({4, 2, 6, 6});
  nn::Sequential net{nn::Conv2d(2, 5, 3), nn::Sigmoid(), nn::Upsample({2, 3}), nn::Conv2d(5, 3, 2)};
  kill(dynamic_cast<nn::Conv2d&>(net[0]).weight, 0, {1, 4});
  kill(dynamic_cast<nn::Conv2d&>(net[3]).weight, 1, {2});
  const auto report = structured::compact(net, x);
  CHECK(report.channels == 3);
  CHECK(report.folded == 2);
  CHECK(report.output_difference <= 1e-6);
  CHECK(dynamic_cast<nn::Conv2d&>(net[3]).weight.shape() == Shape{3, 2, 2, 2});
}

TEST_CASE("structured. a channel that is one number until it is padded with another is not folded") {
  const Tensor x = test::Draw(3).tensor({4, 2, 6, 6});
  for (const double value : {0.0, 0.5}) {  // sigmoid(0) is 0.5
    CAPTURE(value);
    manual_seed(5);
    nn::Sequential net{nn::Conv2d(2, 4, 3), nn::Sigmoid(), nn::ConstantPad2d({1, 0, 2, 0}, value),
                       nn::Conv2d(4, 3, 2)};
    kill(dynamic_cast<nn::Conv2d&>(net[0]).weight, 0, {1});
    const auto report = structured::compact(net, x);
    CHECK(report.folded == (value == 0.5 ? 1 : 0));
    CHECK(report.channels == report.folded);
    if (value == 0)
      CHECK(report.kept == std::vector<std::string>{"0.weight[1]: pad_2 is not the same number everywhere"});
  }
  // What is zero stays so among zeros.
  nn::Sequential zero{nn::Conv2d(2, 4, 3), nn::ReLU(), nn::ZeroPad2d(1), nn::Conv2d(4, 3, 2)};
  kill(dynamic_cast<nn::Conv2d&>(zero[0]).weight, 0, {0, 3});
  CHECK(structured::compact(zero, x).channels == 2);
}

TEST_CASE("structured. channels that are padded with others go, those that were added stay") {
  struct Widened : nn::Module {
    nn::Conv2d first{2, 4, 3}, second{7, 3, 2};
    void members(nn::Visitor& v) override { v("first", first), v("second", second); }
    Tensor forward(const Tensor& x) override { return second(pad(relu(first(x)), {0, 0, 0, 0, 2, 1}, 0.25)); }
  } net;
  kill(net.first.weight, 0, {1, 3});
  kill(net.second.weight, 1, {0, 6});  // that read what was added
  const Tensor x = test::Draw(3).tensor({4, 2, 6, 6});
  CHECK(structured::compact(net, x).channels == 2);
  CHECK(net.first.weight.shape() == Shape{2, 2, 3, 3});
  CHECK(net.second.weight.shape() == Shape{3, 5, 2, 2});
}

TEST_CASE("structured. channels of sequences are cut, and their constants folded") {
  manual_seed(5);
  const Tensor x = test::Draw(3).tensor({4, 2, 12});
  for (const nn::Conv1dOptions& reader : {nn::Conv1dOptions{.stride = 2}, {.dilation = 3}, {.groups = 2}}) {
    nn::Sequential net{nn::Conv1d(2, 4, 3), nn::Sigmoid(), nn::MaxPool1d(2, {.stride = 1}),
                       nn::Conv1d(4, 4, 2, reader)};
    kill(dynamic_cast<nn::Conv1d&>(net[0]).weight, 0, {1, 3});  // in both groups in the same place
    structured::complete_masks(net, x);
    const auto before = graph::run(net, x)[0];
    const auto report = structured::compact(net, x);
    CHECK(report.folded == (reader.groups == 2 ? 1 : 2));
    CHECK(report.channels == report.folded);
    CHECK(test::difference(graph::run(net, x)[0].values(), before.values(), 1e-6) == "");
  }
  nn::Sequential padded{nn::Conv1d(2, 4, 3), nn::Sigmoid(), nn::Conv1d(4, 3, 3, {.padding = 1})};
  kill(dynamic_cast<nn::Conv1d&>(padded[0]).weight, 0, {1});
  CHECK(structured::compact(padded, x).kept ==
        std::vector<std::string>{"0.weight[1]: it is not zero, and conv1d of 2.weight pads with zeros, so "
                                 "that it is another at the border"});
}

TEST_CASE("structured. a constant that a transposed convolution reads is not folded, zero goes") {
  manual_seed(5);
  const Tensor x = test::Draw(3).tensor({4, 2, 6, 6});
  nn::Sequential net{nn::Conv2d(2, 4, 3), nn::Sigmoid(), nn::ConvTranspose2d(4, 3, 2, {.stride = 2})};
  kill(dynamic_cast<nn::Conv2d&>(net[0]).weight, 0, {1});
  CHECK(
      structured::compact(net, x).kept ==
      std::vector<std::string>{"0.weight[1]: it is not zero, and conv_transpose2d of 2.weight makes another "
                               "number of it at each pixel"});
  nn::Sequential zero{nn::Conv2d(2, 4, 3), nn::ReLU(), nn::ConvTranspose2d(4, 3, 2, {.stride = 2})};
  kill(dynamic_cast<nn::Conv2d&>(zero[0]).weight, 0, {1});
  CHECK(structured::compact(zero, x).channels == 1);
  CHECK(dynamic_cast<nn::ConvTranspose2d&>(zero[2]).weight.shape() == Shape{3, 3, 2, 2});
}

TEST_CASE("structured. a constant is not folded into a bias that two layers have") {
  struct Shared : nn::Module {
    nn::Linear first{3, 4}, second{4, 2}, third{4, 2};
    Shared() { third.bias = second.bias; }
    void members(nn::Visitor& v) override { v("first", first), v("second", second), v("third", third); }
    Tensor forward(const Tensor& x) override {
      const Tensor h = sigmoid(first(x));
      return second(h) * 2 + third(h);
    }
  } net;
  kill(net.first.weight, 0, {1});
  const Tensor x = randn({2, 3});
  const auto before = net(x).to_vector();
  const auto report = structured::compact(net, x);
  CHECK(report.channels == 0);
  REQUIRE(report.kept.size() == 1);
  CHECK(report.kept[0].ends_with("is used twice"));
  CHECK(net(x).to_vector() == before);
}

TEST_CASE("structured. what is added to a dead channel dies with it, as a bias does") {
  struct Shifted : nn::Module {
    nn::Linear first{3, 4, {.bias = false}}, second{4, 2};
    Parameter shift{ones({4})};
    void members(nn::Visitor& v) override { v("first", first), v("shift", shift), v("second", second); }
    Tensor forward(const Tensor& x) override { return second(relu(first(x) + shift)); }
  } net;
  prune::mask_slices(net.first.weight, 0, {1});
  structured::complete_masks(net, randn({2, 3}));
  CHECK(net.shift.to_vector() == std::vector<float>{1, 0, 1, 1});
}

TEST_CASE("structured. a layer keeps one channel, and the outputs are frozen unless released") {
  manual_seed(6);
  const Tensor x = test::Draw(4).tensor({4, 3});
  nn::Sequential net{nn::Linear(3, 4), nn::ReLU(), nn::Linear(4, 3)};
  auto &first = dynamic_cast<nn::Linear&>(net[0]), &last = dynamic_cast<nn::Linear&>(net[2]);
  kill(first.weight, 0, {0, 1, 2, 3});
  kill(last.weight, 0, {1});
  auto report = structured::compact(net, x);
  CHECK(first.weight.shape() == Shape{1, 3});
  CHECK(last.weight.shape() == Shape{3, 1});
  CHECK(report.kept ==
        std::vector<std::string>{"0.weight[0]: tied to channels that are alive, or the last of its layer",
                                 "2.weight[1]: the model's output"});
  report = structured::compact(net, x, {.release_outputs = true});
  CHECK(report.channels == 1);
  CHECK(last.weight.shape() == Shape{2, 1});
  CHECK(graph::run(net, x)[0].shape() == Shape{4, 2});
}

TEST_CASE("structured. if a deletion fails, model, gradients and moments are byte for byte what they were") {
  // Counts its channels by hand, which no trace can see.
  struct Stubborn : nn::Module {
    nn::Linear fc1{3, 4}, fc2{4, 2};
    void members(nn::Visitor& v) override { v("fc1", fc1), v("fc2", fc2); }
    Tensor forward(const Tensor& x) override {
      const Tensor h = relu(fc1(x));
      check(h.size(1) == 4, "stubborn: ", h.size(1), " channels, expected 4");
      return fc2(h);
    }
  };
  manual_seed(7);
  Stubborn net;
  const Tensor x = test::Draw(5).tensor({4, 3});
  optim::Adam adam(net.parameters(), {.lr = 1e-3});
  train_steps(net, adam, x, 2);
  kill(net.fc1.weight, 0, {2});
  const auto before = state_of(net);
  CHECK_THROWS_WITH_AS(structured::compact(net, x), "stubborn: 3 channels, expected 4", Error);
  CHECK(state_of(net) == before);
  CHECK_THROWS_AS(structured::compact(net, ones({2, 5})), Error);  // an example of the wrong shape
  CHECK(state_of(net) == before);
  train_steps(net, adam, x, 1);
}

TEST_CASE("structured. undo is a snapshot taken before") {
  manual_seed(8);
  const Tensor x = test::Draw(6).tensor({2, 1, 28, 28});
  models::SimpleCNN net;
  optim::Adam adam(net.parameters(), {.lr = 1e-3});
  train_steps(net, adam, x, 2);
  const auto before = state_of(net);
  const Snapshot undo = snapshot(net);
  prune::ln_structured(net.conv1.weight, {.amount = prune::count(2)});
  CHECK(structured::compact(net, x).channels == 2);
  train_steps(net, adam, x, 1);
  restore(net, undo);
  CHECK(state_of(net) == before);
  train_steps(net, adam, x, 1);
}

TEST_CASE("structured. a slice that counts channels pins those up to where it counts") {
  struct Sliced : nn::Module {
    nn::Linear fc1{3, 6}, fc2{2, 2};
    int64_t begin, end;
    Sliced(int64_t b, int64_t e) : begin(b), end(e) {}
    void members(nn::Visitor& v) override { v("fc1", fc1), v("fc2", fc2); }
    Tensor forward(const Tensor& x) override { return fc2(slice(relu(fc1(x)), 1, begin, end)); }
  };
  const Tensor x = test::Draw(7).tensor({4, 3});
  Sliced front(0, 2), back(4, std::numeric_limits<int64_t>::max());
  for (auto* net : {&front, &back}) {
    manual_seed(9);
    kill(net->fc1.weight, 0, {1, 5});
    const auto report = structured::compact(*net, x);
    CHECK(report.channels == 1);
    CHECK(report.kept == std::vector<std::string>{
                             "fc1.weight[1]: slice counts to this place: use chunk, or slice to the end"});
    CHECK(net->fc2.weight.shape() == (net == &front ? Shape{2, 2} : Shape{2, 1}));
  }
}

TEST_CASE(
    "structured. a channel is deleted through every activation, its constant folded where it is not zero") {
  for (const auto* row : test::activations()) {
    CAPTURE(row->name);
    manual_seed(8);
    test::WithActivation net(*row);
    const Tensor x = randn({3, 2, 5, 5});
    prune::ln_structured(net.conv.weight, {.amount = prune::count(2)});
    prune::ln_structured(net.hidden.weight, {.amount = prune::count(2)});
    const auto report = structured::compact(net, x);
    CHECK(report.channels == 4);
    CHECK(report.kept.empty());
    CHECK(net.conv.weight.shape() == Shape{2, 2, 3, 3});
    CHECK(net.hidden.weight.shape() == Shape{4, 18});
    CHECK(report.output_difference < 1e-5);
  }
}
