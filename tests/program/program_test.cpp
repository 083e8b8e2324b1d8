#include <set>
#include <thread>

#include <doctest/doctest.h>

#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/core/buffer.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/models/lenet_300_100.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/compare.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/shape.hpp>
#include <tinynn/program/plan_file.hpp>
#include <tinynn/prune/mask_rules.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/isas.hpp"
#include "tests/support/random_network.hpp"
#include "tests/support/small_networks.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/threads.hpp"
#include "tests/support/with_activation.hpp"

using namespace tinynn;

namespace {

Tensor images(const Shape& of_one, int64_t count, uint64_t seed = 3) {
  std::vector<int64_t> sizes{count};
  sizes.insert(sizes.end(), of_one.begin(), of_one.end());
  return test::Draw(seed).tensor(Shape(sizes));
}

Tensor evaluated(nn::Module& net, const Tensor& x) {
  const NoGrad no_grad;
  net.eval();
  return net(x);
}

// For batches of every kind: one by one, part of a block, several blocks with a rest.
void check_program(nn::Module& net, const Shape& of_one, double tolerance = 1e-4) {
  const auto program = deploy::compile(net, images(of_one, 2));
  for (const int64_t count : {1, 3, 4, 17, 150}) {
    CAPTURE(count);
    const Tensor x = images(of_one, count);
    REQUIRE(test::difference(program(x).values(), evaluated(net, x).values(), tolerance) == "");
  }
}

}  // namespace

TEST_CASE("program. a program gives what its model gives, for every model, dense and sparse") {
  for (const auto& name : models::names()) {
    CAPTURE(name);
    manual_seed(5);
    const auto net = models::make(name);
    const Shape of_one = models::input_shape(name);
    const auto program = deploy::compile(*net, images(of_one, 2));
    const bool large = of_one.numel() > 784;
    const Tensor x = images(of_one, large ? 5 : 70);
    CHECK(test::difference(program(x).values(), evaluated(*net, x).values(), 1e-4) == "");
    prune::prune(prune::weights(*net), prune::fraction(0.9));
    const auto sparse = deploy::compile(*net, images(of_one, 2));
    CHECK(test::difference(sparse(x).values(), evaluated(*net, x).values(), 1e-4) == "");
    const Tensor one = images(of_one, 1, 4);
    CHECK(test::difference(sparse(one).values(), evaluated(*net, one).values(), 1e-4) == "");
  }
}

TEST_CASE("program. programs of random networks give what the networks give, with every instruction set") {
  for (const auto& isa : kernels::isas()) {
    const test::Isa forced(isa);
    CAPTURE(isa);
    for (uint64_t seed = 1; seed <= 60; ++seed) {
      CAPTURE(seed);
      manual_seed(seed);
      test::RandomNetwork net(seed);
      check_program(net, {2, test::RandomNetwork::size, test::RandomNetwork::size});
    }
  }
}

TEST_CASE("program. the random networks have every step with every option, and all activations") {
  std::set<std::string> seen;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    manual_seed(seed);
    test::RandomNetwork net(seed);
    for (const auto& step : deploy::plan(net, images({2, 8, 8}, 2)).steps) {
      const std::string name = step.kind->name;
      seen.insert(name);
      if (step.activation != nullptr) seen.insert(step.activation->name);
      if (step.activation != nullptr && step.kind->selects) seen.insert(name + " + relu");
      const auto note = [&](const char* what, bool is_so) {
        if (is_so) seen.insert(name + " " + what);
      };
      const auto& p = step.padding;
      note("uneven kernel", step.kernel.h != step.kernel.w);
      note("stride", step.stride != Size2(1) && step.stride.h != step.stride.w);
      note("padding", p != Padding2d(0));
      note("uneven padding", p.top != p.bottom && p.left != p.right);
      note("dilation", step.dilation != Size2(1));
      note(step.count_include_pad ? "counted" : "uncounted", p != Padding2d(0));
      if (name != "conv2d") continue;
      note("uneven kernel", step.weight.size(2) != step.weight.size(3));
      note("groups", step.groups > 1 && step.weight.size(1) > 1);
      note("multiplier", step.weight.size(1) == 1 && step.groups > 1 && step.weight.size(0) > step.groups);
    }
  }
  std::vector<std::string> expected;
  for (const auto* row : deploy::step_table()) expected.emplace_back(row->name);
  for (const std::string layer : {"conv2d", "max_pool2d", "avg_pool2d"}) {
    for (const char* what : {" uneven kernel", " stride", " padding", " uneven padding"})
      expected.push_back(layer + what);
  }
  for (const char* what :
       {"conv2d dilation", "conv2d groups", "conv2d multiplier", "max_pool2d dilation", "max_pool2d + relu",
        "gather + relu", "avg_pool2d counted", "avg_pool2d uncounted"})
    expected.emplace_back(what);
  for (const auto& what : expected) {
    CAPTURE(what);
    CHECK(seen.contains(what));
  }
}

TEST_CASE("program. normalisation and activations become part of the layers before them") {
  manual_seed(1);
  const auto steps = [](const std::string& name) {
    const auto net = models::make(name);
    std::string text;
    for (const auto& step : deploy::plan(*net, images(models::input_shape(name), 1)).steps) {
      text += step.kind->name;
      text += step.activation == nullptr ? " " : std::string("+") + step.activation->name + " ";
    }
    return text;
  };
  CHECK(steps("lenet-300-100") == "reshape linear+relu linear+relu linear ");
  CHECK(steps("simple-cnn") == "conv2d+relu max_pool2d conv2d+relu max_pool2d reshape linear+relu linear ");
  CHECK(steps("lenet-5-bn").find("scale_shift") == std::string::npos);
  CHECK(steps("resnet-20").find("conv2d+relu conv2d add+relu") != std::string::npos);
}

TEST_CASE("program. a program gives the same bits with any number of threads, and from several at a time") {
  manual_seed(2);
  models::LeNet300100 net;
  const auto program = deploy::compile(net, images({1, 28, 28}, 1));
  const Tensor x = images({1, 28, 28}, 200);
  const auto run = [&] { return program(x).to_vector(); };
  const auto expected = test::with_threads(1, run);
  CHECK(test::with_threads(3, run) == expected);
  std::vector<std::vector<float>> results(4);
  std::vector<std::thread> threads;
  for (auto& result : results) threads.emplace_back([&] { result = program(x).to_vector(); });
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) CHECK(result == expected);
}

TEST_CASE("program. timed step by step it computes the same, and tells who took the time") {
  manual_seed(3);
  const auto net = models::make("lenet-5");
  const auto program = deploy::compile(*net, images({1, 28, 28}, 1));
  for (const int64_t count : {1, 65}) {
    const Tensor x = images({1, 28, 28}, count);
    std::vector<float> y(static_cast<size_t>(10 * count));
    const auto seconds = program.run_timed(count, x.data(), y.data());
    CHECK(y == program(x).to_vector());
    const auto& steps = program.plan().steps;
    REQUIRE(seconds.size() == steps.size() + 1);
    for (size_t i = 0; i < steps.size(); ++i)
      CHECK((seconds[i] > 0) == (steps[i].kind != &deploy::steps::reshape));
    CHECK(seconds.back() > 0);
  }
}

TEST_CASE("program. a program asks for no memory after its first call") {
  const test::Threads one(1);
  manual_seed(3);
  const auto net = models::make("lenet-5");
  const auto program = deploy::compile(*net, images({1, 28, 28}, 1));
  const Tensor x = images({1, 28, 28}, 65);
  std::vector<float> y(650);
  program.run(65, x.data(), y.data());
  const auto before = memory_stats();
  reset_peak_memory();
  program.run(65, x.data(), y.data());
  CHECK(memory_stats().allocations == before.allocations);
  CHECK(memory_stats().peak_bytes == before.bytes_in_use);
}

namespace {

struct WithComparison : nn::Module {
  Parameter scale{full({784}, 1)};
  void members(nn::Visitor& v) override { v("scale", scale); }
  Tensor forward(const Tensor& x) override { return x > 0.0; }
};

}  // namespace

TEST_CASE("program. windows may differ by axis and side, and a plan's file keeps them") {
  nn::Sequential net{
      nn::Conv2d(2, 3, {3, 2}, {.stride = {1, 2}, .padding = {1, 2, 0, 1}, .dilation = {2, 1}}),
      nn::LeakyReLU(0.2),
      nn::MaxPool2d({2, 3}, {.stride = {1, 2}, .padding = {1, 0, 0, 1}, .dilation = {2, 1}}),
      nn::AvgPool2d({3, 2}, {.stride = {2, 1}, .padding = {1, 0, 1, 0}, .count_include_pad = false})};
  check_program(net, {2, 9, 11});
  const test::TemporaryFolder folder;
  const auto program = deploy::compile(net, images({2, 9, 11}, 1));
  deploy::save(program.plan(), folder / "plan");
  const Tensor x = images({2, 9, 11}, 5);
  const deploy::Program loaded(deploy::load(folder / "plan"));
  CHECK(test::bit_difference(loaded(x).values(), program(x).values()) == "");
}

TEST_CASE("program. a program gives what its model gives, for every activation") {
  for (const auto* row : test::activations()) {
    CAPTURE(row->name);
    manual_seed(6);
    test::WithActivation net(*row);
    check_program(net, {2, 5, 5});
  }
}

TEST_CASE("program. arithmetic, reductions and rare layers, fused or not, and out of a plan's file") {
  const test::TemporaryFolder folder;
  manual_seed(8);
  for (auto& network : test::small_networks()) {
    CAPTURE(network.name);
    auto& [name, of_one, net] = network;
    check_program(*net, of_one, 2e-5);
    const Tensor x = images(of_one, 9);
    const deploy::Program unfused(deploy::plan(*net, x, {.fuse = false}));
    CHECK(test::difference(unfused(x).values(), evaluated(*net, x).values(), 2e-5) == "");
    const auto program = deploy::compile(*net, x);
    deploy::save(program.plan(), folder / "plan");
    CHECK(test::bit_difference(deploy::Program(deploy::load(folder / "plan"))(x).values(),
                               program(x).values()) == "");
  }
}

TEST_CASE("program. a bound that is infinite comes back from a plan's file") {
  struct Bounded : nn::Module {
    nn::Linear fc{3, 4};
    void members(nn::Visitor& v) override { v("fc", fc); }
    Tensor forward(const Tensor& x) override { return clamp(fc(x), 0); }
  } net;
  const auto program = deploy::compile(net, images({3}, 2));
  const test::TemporaryFolder folder;
  deploy::save(program.plan(), folder / "plan");
  const Tensor x = images({3}, 5);
  CHECK(test::bit_difference(deploy::Program(deploy::load(folder / "plan"))(x).values(),
                             program(x).values()) == "");
}

TEST_CASE("program. whatever only moves numbers becomes places, or nothing") {
  struct Moves : nn::Module {
    Tensor forward(const Tensor& x) override {
      const Tensor picked = index_select(x, 1, {2, 0, 0});
      return unsqueeze(flatten(transpose(squeeze(slice(picked, 3, 1, 2), 3), 1, 2)), 1);
    }
  } net;
  check_program(net, {3, 4, 2}, 0);
  std::string steps;
  for (const auto& step : deploy::plan(net, images({3, 4, 2}, 2)).steps)
    steps += std::string(step.kind->name) + " ";
  CHECK(steps == "gather gather reshape gather reshape reshape ");
  struct Samples : nn::Module {
    Tensor forward(const Tensor& x) override { return index_select(x, 0, {1, 0}); }
  } samples;
  CHECK_THROWS_WITH_AS(deploy::compile(samples, images({3}, 2)),
                       "deploy: index_select_0 is not of one size but for its first dimension, the samples",
                       Error);
}

TEST_CASE("program. what there is no step for is refused by name") {
  WithComparison net;
  CHECK_THROWS_WITH_AS(deploy::compile(net, images({784}, 1)), "deploy: there is no step for gt", Error);
  models::LeNet300100 lenet;
  const auto program = deploy::compile(lenet, images({1, 28, 28}, 1));
  CHECK_THROWS_WITH_AS(program(images({28, 28}, 2)), "program: x is (2, 28, 28), expected (2, 1, 28, 28)",
                       Error);
}
