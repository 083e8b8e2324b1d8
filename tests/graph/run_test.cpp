// A graph runs again without the code that made it, and does what the model does, to the bit.
#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/graph/graph.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/shape.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/structured/compact.hpp>

#include "tests/support/draw.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/random_network.hpp"
#include "tests/support/replay.hpp"

using namespace tinynn;
using test::same_bits;

namespace {

// In evaluation the graph gives the model's outputs; in training, from the same random state, also its
// gradients and running statistics, those of a twin with the same numbers.
void check_runs_as(nn::Module& model, nn::Module& twin, const Tensor& example, const Tensor& x) {
  const graph::Graph graph = graph::trace(twin, example);
  model.eval();
  REQUIRE(same_bits(model(x), graph::run(graph, {x}, false)[0]));

  model.train();
  manual_seed(11);
  const Tensor y = model(x);
  manual_seed(11);
  const Tensor again = graph::run(graph, {x}, true)[0];
  REQUIRE(same_bits(y, again));
  test::Draw draw(5);
  const Tensor grad = draw.tensor(y.shape());
  y.backward(grad);
  again.backward(grad);
  const auto a = model.named_parameters(), b = twin.named_parameters();
  for (size_t i = 0; i < a.size(); ++i) {
    CAPTURE(a[i].first);
    CHECK(same_bits(a[i].second.grad(), b[i].second.grad()));
  }
  const auto buffers = model.named_buffers(), twins = twin.named_buffers();
  for (size_t i = 0; i < buffers.size(); ++i) CHECK(same_bits(buffers[i].second, twins[i].second));
}

void check_random_networks(uint64_t first, uint64_t count) {
  for (uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    manual_seed(seed);
    test::RandomNetwork net(seed);
    manual_seed(seed);
    test::RandomNetwork twin(seed);
    test::Draw draw(seed);
    const Tensor example = draw.tensor({3, 2, net.size, net.size}),
                 x = draw.tensor({5, 2, net.size, net.size});
    check_runs_as(net, twin, example, x);
  }
}

}  // namespace

TEST_CASE("graph. 100 random networks run again from their graphs, to the bit, in both modes") {
  check_random_networks(0, 100);
}
TEST_CASE("graph. 1000 random networks run again from their graphs, to the bit, in both modes" *
          doctest::skip()) {
  check_random_networks(0, 1000);
}

TEST_CASE("graph. the models by name run again from their graphs, and are cut under them") {
  for (const auto& name : models::names()) {
    CAPTURE(name);
    manual_seed(1);
    const auto model = models::make(name);
    manual_seed(1);
    const auto twin = models::make(name);
    test::Draw draw(3);
    const Shape sample = models::input_shape(name);
    const auto batch = [&](int64_t n) { return draw.tensor({n, sample[0], sample[1], sample[2]}); };
    const Tensor example = batch(2);
    check_runs_as(*model, *twin, example, batch(3));

    // What was recorded holds no size that a cut changes.
    twin->eval();
    const graph::Graph graph = graph::trace(*twin, example);
    prune::prune(prune::weights(*twin), prune::fraction(0.3), {.granularity = prune::slice(0)});
    structured::compact(*twin, example);
    const Tensor x = batch(2);
    CHECK(same_bits((*twin)(x), graph::run(graph, {x}, false)[0]));
  }
}

TEST_CASE("graph. dropout and the momentum of batch norm are in the graph of a network that evaluates") {
  const auto make = [] {
    manual_seed(2);
    nn::BatchNorm1d norm(4, {.eps = 1e-3, .momentum = 0.3});
    return nn::Sequential{nn::Linear(6, 4), norm, nn::ReLU(), nn::Dropout(0.25), nn::Linear(4, 3)};
  };
  auto net = make(), twin = make();
  test::Draw draw(4);
  check_runs_as(net, twin, draw.tensor({2, 6}), draw.tensor({7, 6}));
  const auto text = graph::to_text(graph::trace(net, draw.tensor({2, 6})));
  CHECK(text.find("dropout_3 (*, 4) = dropout(relu_2) p=0.25") != std::string::npos);
  CHECK(text.find("momentum=0.3 eps=0.001") != std::string::npos);
}

namespace {

struct Function : nn::Module {
  explicit Function(std::function<Tensor(const Tensor&)> f) : f_(std::move(f)) {}
  Tensor forward(const Tensor& x) override { return f_(x); }

 private:
  std::function<Tensor(const Tensor&)> f_;
};

}  // namespace

TEST_CASE("graph. a size that counts samples is found though it was written as a number") {
  Function net([](const Tensor& x) { return reshape(reshape(x, Shape{2 * x.size(0), 3}), {x.size(0), 6}); });
  test::Draw draw(1);
  const auto graph = graph::trace(net, draw.tensor({4, 2, 3}));
  for (const int64_t n : {1, 4, 9}) {
    const Tensor x = draw.tensor({n, 2, 3});
    CHECK(same_bits(net(x), graph::run(graph, {x}, false)[0]));
  }
}

TEST_CASE("graph. a size that counts no samples stays, even if there were as many of them in the trace") {
  Function net([](const Tensor& x) { return reshape(x, {x.size(0), 3, 2}); });
  test::Draw draw(1);
  for (const int64_t samples : {1, 3}) {
    const auto graph = graph::trace(net, draw.tensor({samples, 2, 3}));
    const Tensor x = draw.tensor({5, 2, 3});
    CHECK(same_bits(net(x), graph::run(graph, {x}, false)[0]));
  }
}

TEST_CASE("graph. what is bound to a number of samples runs on that number only, and says why") {
  Function net([](const Tensor& x) { return slice(x, 0, 0, x.size(0)); });
  test::Draw draw(1);
  const Tensor four = draw.tensor({4, 2}), three = draw.tensor({3, 2});
  const auto graph = graph::trace(net, four);
  CHECK(same_bits(four, graph::run(graph, {four}, false)[0]));
  CHECK(test::error_of([&] { graph::run(graph, {three}, false); }) ==
        "graph: 3 samples, but slice_0 has other attributes for 5 samples than for 4");
  CHECK(test::error_of([&] { graph::run(graph, {}, false); }) == "graph: 0 inputs, expected 1");
}
