// A network is data: what is saved with its graph comes back without the code that made it, and does the
// same.
#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/graph/network.hpp>
#include <tinynn/graph/stored_graph.hpp>
#include <tinynn/graph/summary.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/ops/shape.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/structured/compact.hpp>
#include <tinynn/structured/remove_layers.hpp>

#include "tests/support/draw.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/random_network.hpp"
#include "tests/support/replay.hpp"
#include "tests/support/sanitized.hpp"

using namespace tinynn;
using test::error_of;
using test::same_bits;

namespace {

std::vector<double> losses_of_ten_steps(nn::Module& net, const Tensor& x) {
  net.train();
  optim::SGD sgd(net.parameters(), {.lr = 0.01, .momentum = 0.9});
  manual_seed(5);
  std::vector<double> losses;
  std::vector<int64_t> labels;
  for (int64_t step = 0; step < 10; ++step) {
    sgd.zero_grad();
    const Tensor y = net(x);
    labels.resize(static_cast<size_t>(y.size(0)), step % 2);
    const Tensor loss = cross_entropy(flatten(y), Labels(labels));
    losses.push_back(loss.item());
    loss.backward();
    sgd.step();
  }
  return losses;
}

graph::Network saved_and_loaded(nn::Module& net, const graph::Example& example,
                                io::Storage storage = io::Storage::smallest) {
  return io::load_network(io::to_file(net, {.storage = storage, .graph = example}));
}

// It is loaded, gives the same bits, is saved again as the same bytes, and trains alike.
void check_comes_back(nn::Module& net, const Tensor& x) {
  net.eval();
  graph::Network loaded = saved_and_loaded(net, x);
  loaded.eval();
  REQUIRE(same_bits(net(x), loaded(x)));
  const auto file = io::to_file(loaded);
  graph::Network again = io::load_network(file);
  CHECK(io::to_file(again).metadata == file.metadata);
  CHECK(io::safetensors_bytes(io::to_file(again)) == io::safetensors_bytes(file));
  const auto expected = losses_of_ten_steps(net, x);
  CHECK(losses_of_ten_steps(loaded, x) == expected);
  CHECK(losses_of_ten_steps(again, x) == expected);
}

void check_random_networks_come_back(uint64_t count) {
  for (uint64_t seed = 0; seed < count; ++seed) {
    CAPTURE(seed);
    manual_seed(seed);
    test::RandomNetwork net(seed);
    test::Draw draw(seed);
    const Tensor x = draw.tensor({4, 2, net.size, net.size});
    check_comes_back(net, x);
    prune::prune(prune::weights(net), prune::fraction(0.4), {.granularity = prune::slice(0)});
    structured::compact(net, x);
    check_comes_back(net, x);
  }
}

}  // namespace

TEST_CASE("graph. 30 random networks, and what is cut of them, come back from their files to the bit") {
  check_random_networks_come_back(30);
}
TEST_CASE("graph. 200 random networks, and what is cut of them, come back from their files to the bit" *
          doctest::skip()) {
  check_random_networks_come_back(200);
}

TEST_CASE("graph. the models by name come back from their files, cut ones too, and train on") {
  for (const auto& name : models::names()) {
    const Shape sample = models::input_shape(name);
    if (test::is_sanitized && sample.numel() > 784) continue;
    CAPTURE(name);
    manual_seed(1);
    const auto net = models::make(name);
    test::Draw draw(3);
    const Tensor x = draw.tensor({2, sample[0], sample[1], sample[2]});
    check_comes_back(*net, x);
    prune::prune(prune::weights(*net), prune::fraction(0.3), {.granularity = prune::slice(0)});
    structured::compact(*net, x);
    check_comes_back(*net, x);
  }
}

TEST_CASE("graph. a network of a file is pruned, cut and cloned as any other") {
  manual_seed(2);
  const auto net = models::make("lenet-5-bn");
  const Tensor x = randn({2, 1, 28, 28});
  net->eval();
  graph::Network loaded = saved_and_loaded(*net, x);
  loaded.eval();
  graph::Network copy = clone(loaded);
  const Tensor before = loaded(x);
  for (nn::Module* each : {net.get(), static_cast<nn::Module*>(&loaded)}) {
    prune::prune(prune::weights(*each), prune::fraction(0.5), {.granularity = prune::slice(0)});
    structured::compact(*each, x);
  }
  CHECK(same_bits((*net)(x), loaded(x)));
  CHECK_FALSE(same_bits(before, loaded(x)));
  CHECK(same_bits(before, copy(x)));
  CHECK(loaded.parameters()[0].shape() != copy.parameters()[0].shape());
}

namespace {

// Two inputs and outputs, a weight that is used twice, a buffer, and one that nothing reads.
struct Odd : nn::Module {
  Odd() : spare(zeros({3, 2})), table(randn({1, 4})) { second.weight = first.weight; }
  void members(nn::Visitor& v) override {
    v("first", first);
    v("second", second);
    v("spare", spare);
    v("table", table);
  }
  std::vector<Tensor> forward_all(const std::vector<Tensor>& inputs) override {
    const Tensor h = second(first(inputs[0]) + table);
    return {h * inputs[1], reshape(concat({h, inputs[1]}, 1), {inputs[0].size(0), 2, 4})};
  }

  nn::Linear first{4, 4}, second{4, 4, {.bias = false}};
  Parameter spare;
  Tensor table;
};

}  // namespace

TEST_CASE("graph. several inputs and outputs, tied weights, buffers and what nothing reads come back") {
  manual_seed(3);
  Odd odd;
  const graph::Example example({randn({2, 4}), randn({2, 4})});
  graph::Network loaded = saved_and_loaded(odd, example);
  const std::vector<Tensor> x{randn({5, 4}), randn({5, 4})};
  const auto expected = odd(x), found = loaded(x);
  REQUIRE(found.size() == 2);
  for (size_t i = 0; i < 2; ++i) CHECK(same_bits(expected[i], found[i]));
  std::vector<std::string> names;
  for (const auto& [name, parameter] : loaded.named_parameters()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"first.weight", "first.bias", "spare"});
  CHECK(loaded.named_buffers().size() == 1);
  CHECK(graph::to_line(loaded.graph()) ==
        "in n,4;in n,4;linear %0 first.weight .bias;add %2 @table;linear %3 first.weight -;mul %4 %1;"
        "concat %4 %1 dim=1;reshape %6 size=1n,2,4;out %5 %7;also spare");
}

TEST_CASE("graph. what runs on one number of samples only comes back so") {
  struct Fixed : nn::Module {
    Tensor forward(const Tensor& x) override { return slice(x, 0, 0, x.size(0)); }
  } fixed;
  graph::Network loaded = saved_and_loaded(fixed, ones({4, 2}));
  CHECK(loaded.blank(4)[0].shape() == Shape{4, 2});
  CHECK(same_bits(loaded(ones({4, 2})), ones({4, 2})));
  CHECK(error_of([&] { loaded(ones({3, 2})); }).find("3 samples, but ") != std::string::npos);
  CHECK(error_of([&] { loaded.blank(); }).find("1 samples, but ") != std::string::npos);
}

TEST_CASE("graph. a block of a network is left out, as the layer of the module is") {
  manual_seed(4);
  const auto net = models::make("resnet-20");
  const Tensor x = randn({2, 3, 32, 32});
  net->eval();
  graph::Network loaded = saved_and_loaded(*net, x);
  loaded.eval();
  const auto names = [](const std::vector<structured::LayerChoice>& choices) {
    std::vector<std::string> result;
    for (const auto& choice : choices) {
      result.push_back(choice.name + ' ' + std::to_string(choice.parameters) + ' ' +
                       std::to_string(choice.macs));
    }
    return result;
  };
  CHECK(names(structured::removable_layers(loaded, x)) == names(structured::removable_layers(*net, x)));
  const Tensor whole = loaded(x);
  const size_t parameters = loaded.parameters().size();
  {
    const structured::WithoutLayer without(loaded, "layer1.1");
    CHECK_FALSE(same_bits(whole, loaded(x)));
    CHECK(loaded.parameters().size() < parameters);
  }
  CHECK(same_bits(whole, loaded(x)));
  CHECK(loaded.parameters().size() == parameters);
  for (const char* layer : {"layer1.2", "layer2.1", "layer1.1"}) {
    structured::remove_layer(*net, layer, x);
    structured::remove_layer(loaded, layer, x);
    CHECK(same_bits((*net)(x), loaded(x)));
  }
  CHECK(structured::removed_layers(loaded) == std::vector<std::string>{"layer1.2", "layer2.1", "layer1.1"});
  CHECK(error_of([&] { structured::remove_layer(loaded, "layer1.1"); }) ==
        "graph: there is no block \"layer1.1\"");
  CHECK(error_of([&] { structured::remove_layer(loaded, "layer2.0", x); }) ==
        "remove_layer: \"layer2.0\" is no block of the network that can go");
  // Saved without them, it comes back without them, and others can go.
  graph::Network again = saved_and_loaded(loaded, x);
  again.eval();
  CHECK(same_bits(again(x), loaded(x)));
  CHECK(names(structured::removable_layers(again, x)) == names(structured::removable_layers(*net, x)));
  graph::Network module_without = saved_and_loaded(*net, x);
  CHECK(graph::to_line(module_without.graph()) == graph::to_line(again.graph()));
}

TEST_CASE("graph. what nothing reads stays when a block is left out, what it alone read goes") {
  io::SafetensorsFile file;
  file.metadata["tinynn.graph"] = "in n,2;linear %0 w -;out %1;block b %0 %1;also u";
  file.add("w", zeros({2, 2})), file.add("u", zeros({3}));
  graph::Network net = io::load_network(file);
  net.remove("b");
  CHECK(graph::to_line(net.graph()) == "in n,2;out %0;also u");
  REQUIRE(net.named_parameters().size() == 1);
  CHECK(net.named_parameters()[0].first == "u");
  CHECK(same_bits(net(ones({1, 2})), ones({1, 2})));
}

TEST_CASE("graph. the summary of a network counts what that of the module counts, layer by layer") {
  manual_seed(5);
  const auto net = models::make("lenet-5-bn");
  const Tensor x = randn({2, 1, 28, 28});
  prune::l1_unstructured(net->parameters()[0], prune::fraction(0.5));
  graph::Network loaded = saved_and_loaded(*net, x);
  std::vector<graph::LayerSummary> expected;
  for (auto& layer : graph::layers(*net, x)) {
    if (layer.parameters > 0) expected.push_back(layer);
  }
  const auto found = graph::layers(loaded, x);
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i].name == expected[i].name);
    CHECK(found[i].output == expected[i].output);
    CHECK(found[i].parameters == expected[i].parameters);
    CHECK(found[i].macs == expected[i].macs);
    CHECK(found[i].weights == expected[i].weights);
    CHECK(found[i].nonzero == expected[i].nonzero);
  }
  CHECK(found[0].type == "conv2d");
}

TEST_CASE("graph. a line that is no graph is refused with the number of its item") {
  const auto error = [](const std::string& line) { return error_of([&] { graph::from_line(line); }); };
  CHECK(graph::to_line(graph::from_line("in n,4;relu %0;out %1")) == "in n,4;relu %0;out %1");
  CHECK(error("") == "graph: item 1 is \"\", which is no operation");
  CHECK(error("in n,4;relu %1;out %1") == "graph: item 2 reads value %1 before it is there; there are 1");
  CHECK(error("in n,4;relu %0") == "graph: item 2 ends without an input and an output");
  CHECK(error("in n,4;frobnicate %0;out %1") == "graph: item 2 is \"frobnicate\", which is no operation");
  CHECK(error("in 3,4;out %0") == "graph: item 1 has the shape \"3,4\", expected n and up to 7 sizes");
  CHECK(error("in n,0;out %0") == "graph: item 1 has 0, expected 1 to 16777216");
  CHECK(error("in n,99999,99999;out %0") == "graph: item 1 has an input of more than 2^26 numbers a sample");
  CHECK(error("in n,4;linear %0 .weight -;out %1") ==
        "graph: item 2 has \".weight\" without a name before it to go on from");
  CHECK(error("in n,4;linear %0 w @w;out %1") ==
        "graph: item 2 reads \"w\" both as a parameter and as a buffer");
  CHECK(error("in n,4;sum %0 dim=x;out %1") == "graph: item 2 has \"x\", expected a number");
  CHECK(error("in n,4;sum %0 dim=1*9;out %1") == "graph: item 2 has 9, expected 1 to 8");
  CHECK(error("in n,4;block b %0;out %0") == "graph: item 2 has 3 words, expected 4");
  CHECK(error("in n,4;relu %0;block b %1 %0;out %1") ==
        "graph: item 3 gives %0, which is not behind %1, what it gets");
  CHECK(error("in n,4;relu %0;block b %1 %1;out %1").find("not behind") != std::string::npos);
  CHECK(error("in n,4;linear %0 a\tb -;out %1") ==
        "graph: item 2 has the name \"a?b\", expected 1 to 200 letters as to_line() writes them");
  CHECK(error("in n,4;linear %0 " + std::string(201, 'a') + " -;out %1").find("expected 1 to 200 letters") !=
        std::string::npos);
  CHECK(error("in n,4;relu %0;block %1 %0 %1;out %1").find("has the name \"%1\"") != std::string::npos);
  CHECK(error("in n,4;out 0") == "graph: item 2 has \"0\", expected a value, as %1");
  CHECK(error_of([] { graph::Network(graph::from_line("in n,4;linear %0 w -;out %1")); }) ==
        "graph::Network: \"w\" has no tensor");
}

TEST_CASE("io. a file's graph and its tensors have to fit each other") {
  manual_seed(6);
  nn::Sequential net{nn::Linear(4, 3), nn::ReLU(), nn::Linear(3, 2)};
  const auto whole = io::to_file(net, {.graph = ones({1, 4})});
  const auto error = [](const io::SafetensorsFile& file) {
    return error_of([&] { io::load_network(file); });
  };
  auto file = whole;
  file.metadata.erase("tinynn.graph");
  CHECK(error(file) == "safetensors holds no graph of its network: it was saved without, as PyTorch does");
  file = whole;
  file.tensors.pop_back();
  CHECK(error(file) == "safetensors does not fit its own graph: it lacks \"2.bias\"");
  file = whole;
  file.add("other", ones({2}));
  CHECK(error(file) == "safetensors does not fit the module: the module has no \"other\"");
  file = whole;
  file.metadata["tinynn.graph"] = "in n,4;out %1";
  CHECK(error(file).starts_with("safetensors: graph: item 2 reads value %1"));
  struct Spaced : nn::Module {
    Parameter w{ones({2})};
    void members(nn::Visitor& v) override { v("a b", w); }
    Tensor forward(const Tensor& x) override { return x * w; }
  } spaced;
  CHECK(error_of([&] {
          io::to_file(spaced, {.graph = ones({1, 2})});
        }) == "graph: a parameter or module cannot be saved under the name \"a b\"");
}
