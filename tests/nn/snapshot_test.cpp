#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/snapshot.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/optim/sgd.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/moments.hpp"

using namespace tinynn;

namespace {

struct TrainedNet : nn::Module {
  nn::Linear fc1{6, 8}, fc2{8, 3};
  nn::BatchNorm1d norm{8};

  void members(nn::Visitor& v) override { v("fc1", fc1), v("norm", norm), v("fc2", fc2); }
  Tensor forward(const Tensor& x) override { return fc2(relu(norm(fc1(x)))); }
};

// A network with two optimizers that take turns. Adam's bias correction, whose count of steps no snapshot
// holds, has vanished after some sixty steps with these betas.
struct Training {
  test::Draw draw{50};
  Tensor x = draw.tensor({20, 6});
  Labels y{std::vector<int64_t>{0, 1, 2, 2, 1, 0, 0, 1, 2, 0, 1, 2, 0, 0, 1, 1, 2, 2, 0, 1}};
  TrainedNet net;
  optim::SGD sgd{net.parameters(), {.lr = 0.01, .momentum = 0.9, .weight_decay = 1e-3}};
  optim::Adam adam{net.parameters(), {.lr = 0.001, .beta1 = 0.5, .beta2 = 0.5}};

  // The losses of so many steps.
  std::vector<double> run(int steps) {
    std::vector<double> losses;
    for (int step = 0; step < steps; ++step) {
      optim::Optimizer& optimizer = step % 2 ? static_cast<optim::Optimizer&>(sgd) : adam;
      optimizer.zero_grad();
      const Tensor loss = cross_entropy(net(x), y);
      loss.backward();
      optimizer.step();
      losses.push_back(loss.item());
    }
    return losses;
  }

  // All that a snapshot promises to bring back.
  struct State {
    std::vector<std::vector<float>> numbers;
    std::vector<Mask> masks;
    std::vector<Shape> shapes;
    bool operator==(const State&) const = default;
  };
  State state() {
    State result;
    for (const Parameter& p : net.parameters()) {
      result.numbers.push_back(p.to_vector());
      for (const Tensor& moment : test::moments_of(p)) result.numbers.push_back(moment.to_vector());
      result.masks.push_back(p.mask());
      result.shapes.push_back(p.shape());
    }
    for (const auto& [name, buffer] : net.named_buffers()) result.numbers.push_back(buffer.to_vector());
    return result;
  }

  // Deletes the hidden units but these, as one does it by hand.
  void cut(const std::vector<int64_t>& keep) {
    net.fc1.weight.slice(0, keep);
    for (Parameter* p : {&net.fc1.bias, &net.norm.weight, &net.norm.bias}) p->slice(0, keep);
    net.fc2.weight.slice(1, keep);
    const Tensor mean = net.norm.running_mean, var = net.norm.running_var;
    net.norm.running_mean = zeros({static_cast<int64_t>(keep.size())});
    net.norm.running_var = zeros({static_cast<int64_t>(keep.size())});
    for (size_t i = 0; i < keep.size(); ++i) {
      net.norm.running_mean.mutable_data()[i] = mean.data()[keep[i]];
      net.norm.running_var.mutable_data()[i] = var.data()[keep[i]];
    }
  }
};

}  // namespace

TEST_CASE("nn. restore undoes training, pruning and cutting byte for byte, and training goes on as before") {
  Training training;
  TrainedNet& net = training.net;
  net.fc1.weight.prune(training.draw.mask(net.fc1.weight.shape()));
  training.run(130);
  const auto before = training.state();
  const auto grad = net.fc1.weight.grad().to_vector();
  const Snapshot taken = snapshot(net);
  const auto losses = training.run(20);
  REQUIRE(losses.front() != losses.back());

  for (int again = 0; again < 2; ++again) {
    net.fc2.weight.prune(training.draw.mask(net.fc2.weight.shape()));
    net.fc1.weight.set_mask(Mask());
    training.run(3);
    training.cut({1, 4, 5});
    training.run(3);
    REQUIRE(!(training.state() == before));

    restore(net, taken);
    CHECK(training.state() == before);
    CHECK(net.fc1.weight.grad().to_vector() == grad);
    CHECK(training.run(20) == losses);
  }
}

TEST_CASE("nn. a snapshot holds copies: NaN and infinity come back, too") {
  TrainedNet net;
  net.fc1.weight.update([](std::span<float> w) {
    w[0] = test::not_a_number;
    w[1] = -test::infinity;
    w[2] = -0.0F;
  });
  const auto before = net.fc1.weight.to_vector();
  const Snapshot taken = snapshot(net);
  net.fc1.weight.assign(ones({8, 6}));
  restore(net, taken);
  CHECK(test::bit_difference(net.fc1.weight.values(), before) == "");
}

TEST_CASE("nn. a gradient that is clipped after a snapshot comes back as it was") {
  Training training;
  training.run(1);
  const auto before = training.net.fc1.weight.grad().to_vector();
  const Snapshot taken = snapshot(training.net);
  for (int again = 0; again < 2; ++again) {
    training.net.fc1.weight.grad().mutable_data()[0] += 1;
    restore(training.net, taken);
    CHECK(training.net.fc1.weight.grad().to_vector() == before);
  }
}

TEST_CASE("nn. a snapshot that was saved brings back values, masks and buffers") {
  TrainedNet net;
  net.fc1.weight.prune(test::Draw(6).mask(net.fc1.weight.shape()));
  const auto value = net.fc1.weight.to_vector();
  const Mask mask = net.fc1.weight.mask();
  const auto mean = net.norm.running_mean.to_vector();
  Snapshot taken = snapshot(net), read;
  StateWriter writer;
  nn::snapshot_state(writer, net, taken);
  net.fc1.weight.set_mask(Mask());
  net.fc1.weight.assign(ones({8, 6}));
  net(test::Draw(3).tensor({4, 6}));

  StateReader reader(writer.state);
  nn::snapshot_state(reader, net, read);
  restore(net, read);
  CHECK(net.fc1.weight.to_vector() == value);
  CHECK(net.fc1.weight.mask() == mask);
  CHECK(net.norm.running_mean.to_vector() == mean);
}

TEST_CASE("nn. an optimizer that came after the snapshot starts clean when it is restored") {
  Training training;
  const Snapshot taken = snapshot(training.net);
  const optim::SGD late(training.net.parameters(), {.momentum = 0.9});
  training.run(4);
  training.cut({0, 7});
  restore(training.net, taken);
  const auto moments = test::moments_of(training.net.fc1.weight);
  REQUIRE(moments.size() == 4);  // one of SGD, two of Adam, one of the late SGD
  for (const Tensor& moment : moments) CHECK(moment.to_vector() == std::vector<float>(48, 0));
}

TEST_CASE("nn. restore outlives optimizers, and reaches copies of the module") {
  TrainedNet net;
  TrainedNet copy = net;
  Snapshot taken;
  {
    const optim::Adam gone(net.parameters());
    taken = snapshot(net);
  }
  const auto mean = net.norm.running_mean.to_vector();
  net(test::Draw(3).tensor({4, 6}));
  REQUIRE(copy.norm.running_mean.to_vector() != mean);
  restore(net, taken);
  CHECK(copy.norm.running_mean.to_vector() == mean);
}

TEST_CASE("nn. restore between forward and backward is a named error") {
  TrainedNet net;
  const Snapshot taken = snapshot(net);
  const Tensor loss = cross_entropy(net(test::Draw(4).tensor({3, 6})), Labels({0, 1, 2}));
  restore(net, taken);
  CHECK_THROWS_AS(loss.backward(), Error);
}

TEST_CASE("nn. a snapshot of another module cannot be restored, and changes nothing") {
  Training training;
  training.run(3);
  const auto before = training.state();
  TrainedNet twin = clone(training.net);
  CHECK_THROWS_WITH_AS(
      restore(training.net, snapshot(twin)),
      "restore: parameter \"fc1.weight\" is another than the one of which the snapshot was taken", Error);
  nn::Linear layer(6, 8);
  CHECK_THROWS_WITH_AS(restore(training.net, snapshot(layer)),
                       "restore: the module has 6 parameters and 2 buffers, the snapshot 2 and 0", Error);
  Snapshot taken = snapshot(training.net);
  training.net.fc2 = nn::Linear(8, 3);
  CHECK_THROWS_AS(restore(training.net, taken), Error);
  training.net.fc2.weight = taken.parameters[4].parameter;
  training.net.fc2.bias = taken.parameters[5].parameter;
  CHECK(training.state() == before);
}
