#include <algorithm>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/graph/summary.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/models/resnet.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/ops/shape.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/structured/remove_layers.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace tinynn;

namespace {

using Names = std::vector<std::string>;

Names names_of(const std::vector<structured::LayerChoice>& choices) {
  Names names;
  for (const auto& choice : choices) names.push_back(choice.name);
  return names;
}

Tensor run_traced(nn::Module& net, const Tensor& x) { return graph::run(net, x)[0]; }

// Layers of which two can go, "2" with fewer MACs than "1"; "4" is nested, and can go alone or with "4.0".
struct Setting {
  nn::Sequential net{nn::Linear(3, 6),
                     nn::Linear(6, 6),
                     nn::Linear(6, 6, {.bias = false}),
                     nn::ReLU(),
                     nn::Sequential{nn::Linear(6, 6), nn::ReLU()},
                     nn::Linear(6, 2)};
  Tensor x = randn({5, 3});
  Tensor expected = run_traced(net, x);
  std::vector<Parameter> parameters = net.parameters();

  bool is_removed(const std::string& name) {
    return std::ranges::count(structured::removed_layers(net), name) > 0;
  }
  // An accuracy that says what each layer is worth.
  double accuracy() {
    double lost = 0;
    for (const auto& name : structured::removed_layers(net)) {
      lost += name == "1" ? 0.1 : name == "2" ? 0.05 : name == "4" ? 0.4 : 0.3;
    }
    return 1 - lost;
  }
  void check_untouched() {
    CHECK(structured::removed_layers(net).empty());
    CHECK(test::bit_difference(run_traced(net, x).values(), expected.values()) == "");
    const auto now = net.parameters();
    REQUIRE(now.size() == parameters.size());
    for (size_t k = 0; k < now.size(); ++k) CHECK(now[k].handle() == parameters[k].handle());
  }
};

}  // namespace

TEST_CASE("structured. the blocks of resnet-20 that keep the shape can go") {
  models::ResNet20 net;
  const auto choices = structured::removable_layers(net, zeros({2, 3, 32, 32}));
  CHECK(names_of(choices) ==
        Names{"layer1.0", "layer1.1", "layer1.2", "layer2.1", "layer2.2", "layer3.1", "layer3.2"});
  CHECK(choices[0].parameters == 2 * 16 * 16 * 9 + 4 * 16);
  CHECK(choices[0].macs == 2 * 16 * 16 * 9 * 32 * 32);
  CHECK(choices[6].parameters == 2 * 64 * 64 * 9 + 4 * 64);
  CHECK(choices[6].macs == 2 * 64 * 64 * 9 * 8 * 8);
  CHECK(!choices[0].accuracy);
}

TEST_CASE("structured. a removed layer hands its input on, and the others keep their names") {
  models::ResNet20 net;
  net.eval();
  const Tensor x = randn({2, 3, 32, 32});
  const auto before = graph::count(net, x);
  structured::remove_layer(net, "layer2.1", x);
  structured::remove_layer(net, "layer1.2");
  CHECK(structured::removed_layers(net) == Names{"layer1.2", "layer2.1"});
  const auto after = graph::count(net, x);
  CHECK(after.parameters == before.parameters - (2 * 16 * 16 * 9 + 4 * 16) - (2 * 32 * 32 * 9 + 4 * 32));
  CHECK(after.macs == before.macs - 2 * 2 * 16 * 16 * 9 * 32 * 32);
  CHECK(!net.layer2[1].is_training());

  Tensor h = relu(net.bn1(net.conv1(x)));
  h = net.layer2[2](net.layer2[0](net.layer1[1](net.layer1[0](h))));
  const Tensor expected = net.fc(flatten(adaptive_avg_pool2d(net.layer3(h), {1, 1})));
  CHECK(test::bit_difference(net(x).values(), expected.values()) == "");
  for (const auto& layer : graph::layers(net, x)) {
    CHECK((layer.type == "Removed") == (layer.name == "layer1.2" || layer.name == "layer2.1"));
  }
  for (const auto& [name, parameter] : net.named_parameters()) {
    CHECK(!name.starts_with("layer1.2."));
    CHECK(!name.starts_with("layer2.1."));
  }
  CHECK(net.named_parameters().back().first == "fc.bias");
  auto copy = clone(net);
  CHECK(structured::removed_layers(copy) == Names{"layer1.2", "layer2.1"});
}

TEST_CASE("structured. what cannot be removed is refused with the reason, and nothing changes") {
  Setting s;
  const auto refuses = [&](const char* name, const char* message) {
    CHECK_THROWS_WITH_AS(structured::remove_layer(s.net, name, s.x), message, Error);
  };
  refuses("7", "remove_layer: there is no module \"7\"");
  refuses("", "remove_layer: \"\" is no entry of a Sequential");
  refuses("0", "remove_layer: \"0\" makes (5, 6) of (5, 3)");
  refuses("3", "remove_layer: \"3\" has no weight");
  CHECK_THROWS_AS(structured::remove_layer(s.net, "7"), Error);
  s.check_untouched();

  nn::Sequential single{nn::Linear(4, 4), nn::ReLU()};
  CHECK(structured::removable_layers(single, zeros({1, 4})).empty());
  CHECK_THROWS_WITH_AS(structured::remove_layer(single, "0"),
                       "remove_layer: without \"0\" no weight would be left", Error);
  CHECK(single.parameters().size() == 2);
  CHECK_THROWS_WITH_AS(structured::removable_layers(single, zeros({0, 4})),
                       "remove_layer: an input of the example, (0, 4), has no sample", Error);

  models::ResNet20 resnet;
  CHECK_THROWS_WITH_AS(structured::remove_layer(resnet, "fc"),
                       "remove_layer: \"fc\" is no entry of a Sequential", Error);
  CHECK_THROWS_WITH_AS(structured::remove_layer(resnet, "layer2.0", zeros({1, 3, 32, 32})),
                       "remove_layer: \"layer2.0\" makes (1, 32, 16, 16) of (1, 16, 32, 32)", Error);

  struct HalfUsed : nn::Module {
    nn::Sequential used{nn::Linear(4, 4), nn::Linear(4, 4)}, idle{nn::Linear(4, 4), nn::Linear(4, 4)};
    void members(nn::Visitor& v) override {
      v("used", used);
      v("idle", idle);
    }
    Tensor forward(const Tensor& x) override { return used(x); }
  } half;
  CHECK(names_of(structured::removable_layers(half, zeros({1, 4}))) == Names{"used.0", "used.1"});
  CHECK_THROWS_WITH_AS(structured::remove_layer(half, "idle.0", zeros({1, 4})),
                       "remove_layer: \"idle.0\" does not run on the example", Error);
}

TEST_CASE("structured. layers are ranked by the accuracy without them, and are all back in the end") {
  Setting s;
  const auto ranked = structured::rank_layers(s.net, s.x, [&] { return s.accuracy(); });
  CHECK(names_of(ranked) == Names{"2", "1", "4.0", "4"});
  CHECK(*ranked[0].accuracy == doctest::Approx(0.95));
  CHECK(*ranked[3].accuracy == doctest::Approx(0.6));
  CHECK(ranked[0].macs == 36);
  CHECK(ranked[1].parameters == 42);
  s.check_untouched();

  int calls = 0;
  const auto failing = [&]() -> double {
    if (++calls == 3) fail("no data");
    return 1;
  };
  CHECK_THROWS_WITH_AS(structured::rank_layers(s.net, s.x, failing), "no data", Error);
  CHECK(calls == 3);
  s.check_untouched();
  CHECK_THROWS_WITH_AS(
      structured::rank_layers(s.net, s.x, [] { return static_cast<double>(test::not_a_number); }),
      "rank_layers: the accuracy without \"1\" is NaN", Error);
  s.check_untouched();
}

TEST_CASE("structured. layers are removed one by one, those that are missed least first") {
  Setting s;
  const auto accuracy = [&] { return s.accuracy(); };
  const auto removed = structured::remove_layers(s.net, s.x, {.count = 2}, accuracy);
  CHECK(names_of(removed) == Names{"2", "1"});
  CHECK(*removed[0].accuracy == doctest::Approx(0.95));
  CHECK(*removed[1].accuracy == doctest::Approx(0.85));
  CHECK(structured::removed_layers(s.net) == Names{"1", "2"});
  CHECK(structured::remove_layers(s.net, s.x, {.count = 0}, accuracy).empty());

  Setting half;  // of 18 + 36 + 36 + 36 + 12 MACs 138 / 2 = 69 may remain: two layers have to go
  structured::remove_layers(half.net, half.x, {.to_macs = 0.5}, [&] { return half.accuracy(); });
  CHECK(structured::removed_layers(half.net) == Names{"1", "2"});
  CHECK(graph::count(half.net, half.x).macs == 66);
  Setting all;
  structured::remove_layers(all.net, all.x, {.to_macs = 1}, [&] { return all.accuracy(); });
  all.check_untouched();
}

TEST_CASE("structured. if not enough layers can be removed, or something throws, all are back") {
  Setting s;
  const auto accuracy = [&] { return s.accuracy(); };
  // "4.0" goes before "4", which then has no weight
  CHECK_THROWS_WITH_AS(structured::remove_layers(s.net, s.x, {.count = 4}, accuracy),
                       "remove_layers: after 3 layers no other can go; asked for 4 layers", Error);
  s.check_untouched();
  CHECK_THROWS_WITH_AS(structured::remove_layers(s.net, s.x, {.to_macs = 0.2}, accuracy),
                       "remove_layers: after 3 layers no other can go; asked for 0.2 of the MACs", Error);
  s.check_untouched();
  int calls = 0;
  const auto failing = [&]() -> double {
    if (++calls == 7) fail("no data");  // when one is gone for good and another on trial
    return s.accuracy();
  };
  CHECK_THROWS_WITH_AS(structured::remove_layers(s.net, s.x, {.count = 3}, failing), "no data", Error);
  s.check_untouched();

  CHECK_THROWS_AS(structured::remove_layers(s.net, s.x, {}, accuracy), Error);
  CHECK_THROWS_AS(structured::remove_layers(s.net, s.x, {.count = 1, .to_macs = 0.5}, accuracy), Error);
  CHECK_THROWS_AS(structured::remove_layers(s.net, s.x, {.count = -1}, accuracy), Error);
  CHECK_THROWS_AS(structured::remove_layers(s.net, s.x, {.to_macs = 0}, accuracy), Error);
  CHECK_THROWS_AS(structured::remove_layers(s.net, s.x, {.to_macs = 1.5}, accuracy), Error);
  s.check_untouched();
}

TEST_CASE("structured. a layer and the one around it come back in any order") {
  nn::Sequential net{nn::Linear(3, 3), nn::Sequential{nn::Linear(3, 3), nn::Linear(3, 3)}, nn::Linear(3, 2)};
  const Tensor x = randn({4, 3}), expected = run_traced(net, x);
  const auto inner_first = [&] {
    const auto gone = structured::removed_layers(net);
    return gone == Names{"1.0"} ? 1 : gone == Names{"1"} ? 0.5 : 0.4;
  };
  Names seen;
  const auto accuracy = [&] {
    for (const auto& name : structured::removed_layers(net)) seen.push_back(name);
    return inner_first();
  };
  CHECK_THROWS_AS(structured::remove_layers(net, x, {.count = 4}, accuracy), Error);
  CHECK(std::ranges::count(seen, "1.0") > 1);
  CHECK(structured::removed_layers(net).empty());
  CHECK(net.parameters().size() == 8);
  CHECK(test::bit_difference(run_traced(net, x).values(), expected.values()) == "");
}

TEST_CASE("structured. an optimizer goes on when a layer is gone") {
  Setting s;
  optim::SGD sgd(s.net.parameters(), {.lr = 0.1, .momentum = 0.9});
  const auto step = [&] {
    sgd.zero_grad();
    sum(s.net(s.x)).backward();
    sgd.step();
  };
  step();
  const Parameter gone = s.parameters[2], stays = s.parameters[0];
  structured::remove_layer(s.net, "1");
  const auto value = gone.to_vector(), other = stays.to_vector();
  step();
  CHECK(gone.to_vector() == value);
  CHECK(stays.to_vector() != other);
}

TEST_CASE("structured. a file of a network without some layers is read by one without them") {
  const test::TemporaryFolder folder;
  Setting s;
  structured::remove_layers(s.net, s.x, {.count = 2}, [&] { return s.accuracy(); });
  std::string list;
  for (const auto& name : structured::removed_layers(s.net)) list += (list.empty() ? "" : ",") + name;
  io::save(s.net, folder / "net.safetensors", {.metadata = {{"tinynn.removed", list}}});

  Setting fresh;
  CHECK_THROWS_AS(io::load(fresh.net, folder / "net.safetensors"), Error);
  const auto file = io::read_safetensors(folder / "net.safetensors");
  std::istringstream names(file.metadata.at("tinynn.removed"));
  for (std::string name; std::getline(names, name, ',');) structured::remove_layer(fresh.net, name);
  io::load(fresh.net, file);
  CHECK(test::bit_difference(run_traced(fresh.net, s.x).values(), run_traced(s.net, s.x).values()) == "");
}
