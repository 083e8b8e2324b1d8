#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/graph/channel_map.hpp>
#include <tinynn/graph/graph.hpp>
#include <tinynn/models/simple_cnn.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/ops/shape.hpp>

using namespace tinynn;

namespace {

// A module whose forward is a function.
struct Lambda : nn::Module {
  explicit Lambda(std::function<Tensor(Lambda&, const Tensor&)> f) : f_(std::move(f)) {}
  void members(nn::Visitor& v) override {
    v("fc", fc);
    v("buffer", buffer);
  }
  Tensor forward(const Tensor& x) override { return f_(*this, x); }

  nn::Linear fc{6, 6};
  Tensor buffer = ones({6});

 private:
  std::function<Tensor(Lambda&, const Tensor&)> f_;
};

}  // namespace

TEST_CASE(
    "graph. a trace lists what ran: operations, shapes, attributes and parameters, for any batch size") {
  models::SimpleCNN net;
  net.train();
  const auto graph = graph::trace(net, ones({3, 1, 28, 28}));
  CHECK(graph::to_text(graph) ==
        "input (*, 1, 28, 28)\n"
        "conv2d_0 (*, 4, 28, 28) = conv2d(input, conv1.weight, conv1.bias) stride=1,1 "
        "padding=1,1,1,1 dilation=1,1\n"
        "relu_1 (*, 4, 28, 28) = relu(conv2d_0)\n"
        "max_pool2d_2 (*, 4, 14, 14) = max_pool2d(relu_1) kernel=2,2 stride=2,2 padding=0,0,0,0 "
        "dilation=1,1\n"
        "conv2d_3 (*, 8, 14, 14) = conv2d(max_pool2d_2, conv2.weight, conv2.bias) stride=1,1 "
        "padding=1,1,1,1 dilation=1,1\n"
        "relu_4 (*, 8, 14, 14) = relu(conv2d_3)\n"
        "max_pool2d_5 (*, 8, 7, 7) = max_pool2d(relu_4) kernel=2,2 stride=2,2 padding=0,0,0,0 "
        "dilation=1,1\n"
        "flatten_6 (*, 392) = flatten(max_pool2d_5) start=1\n"
        "linear_7 (*, 64) = linear(flatten_6, fc1.weight, fc1.bias)\n"
        "relu_8 (*, 64) = relu(linear_7)\n"
        "linear_9 (*, 10) = linear(relu_8, fc2.weight, fc2.bias)\n"
        "return linear_9\n");
  CHECK(net.is_training());
  CHECK(graph::to_text(graph::trace(net, ones({1, 1, 28, 28}))) == graph::to_text(graph));
  const auto dot = graph::to_dot(graph);
  CHECK(dot.find("v1 -> v4") == std::string::npos);  // parameters are named in the node, not drawn
  CHECK(dot.find("conv2d (*, 4, 28, 28)\\nconv1.weight (4, 1, 3, 3)\\nconv1.bias (4)") != std::string::npos);
}

TEST_CASE("graph. a drawing takes names with quotation marks") {
  struct Named : nn::Module {
    nn::Linear fc{6, 6};
    void members(nn::Visitor& v) override { v("a \"b\" \\", fc); }
    Tensor forward(const Tensor& x) override { return fc(x); }
  } net;
  const auto dot = graph::to_dot(graph::trace(net, ones({2, 6})));
  CHECK(dot.find(R"(\na \"b\" \\.weight (6, 6))") != std::string::npos);
}

TEST_CASE("graph. several inputs and outputs are traced by a function that calls the model") {
  Lambda net([](Lambda& self, const Tensor& x) { return self.fc(x); });
  const graph::Example example({ones({2, 6}), zeros({2, 6})}, [&](const std::vector<Tensor>& x) {
    const Tensor h = net(x[0]) + x[1];
    return std::vector{h, relu(h)};
  });
  const auto graph = graph::trace(net, example);
  CHECK(graph::to_text(graph) ==
        "input_0 (*, 6)\n"
        "input_1 (*, 6)\n"
        "linear_0 (*, 6) = linear(input_0, fc.weight, fc.bias)\n"
        "add_1 (*, 6) = add(linear_0, input_1)\n"
        "relu_2 (*, 6) = relu(add_1)\n"
        "return add_1 relu_2\n");
  const Tensor a = randn({3, 6}), b = randn({3, 6});
  const auto outputs = graph::run(graph, {a, b}, false);  // the first of which the second reads
  const Tensor h = net(a) + b;
  REQUIRE(outputs[0].defined());
  CHECK(outputs[0].to_vector() == h.to_vector());
  CHECK(outputs[1].to_vector() == relu(h).to_vector());
  CHECK_THROWS_WITH_AS(graph::trace(net, graph::Example({ones({2, 6}), ones({2, 6})}, {})),
                       "module: 2 inputs, expected 1", Error);
}

TEST_CASE("graph. what a trace cannot see is an error, not a guess") {
  const Tensor x = ones({2, 6});
  nn::Linear outside(6, 6);
  Lambda unlisted([&](Lambda&, const Tensor& t) { return outside(t); });
  CHECK_THROWS_WITH_AS(
      graph::trace(unlisted, x),
      "trace: input 1 of linear, a tensor of shape (6, 6), is a parameter that the model does not "
      "list among its members",
      Error);
  Lambda born([](Lambda&, const Tensor& t) { return t + ones({6}); });
  CHECK_THROWS_WITH_AS(
      graph::trace(born, x),
      "trace: input 1 of add, a tensor of shape (6), is neither made by an operation nor listed as a "
      "buffer",
      Error);
  Lambda listed([](Lambda& self, const Tensor& t) { return t + self.buffer; });
  CHECK_NOTHROW(graph::trace(listed, x));
  Lambda literal([](Lambda& self, const Tensor& t) { return self.fc(reshape(t, {2, 6})); });
  CHECK_THROWS_WITH_AS(
      graph::trace(literal, x),
      "trace: the model ran on 2 samples, but not on 3 (write -1 for a size that counts samples): "
      "reshape: (3, 6) has 18 elements, (2, 6) has 12",
      Error);
  Lambda fickle([](Lambda& self, const Tensor& t) { return t.size(0) > 2 ? relu(self.fc(t)) : self.fc(t); });
  CHECK_THROWS_WITH_AS(graph::trace(fickle, x),
                       "trace: the model does other operations for another number of samples", Error);
  CHECK_THROWS_WITH_AS(graph::trace(listed, zeros({0, 6})),
                       "trace: an input of the example, (0, 6), has no sample", Error);
}

TEST_CASE("graph. what no rule speaks of is pinned, and says why") {
  const auto reason = [](auto f, int64_t dim = 0) {
    Lambda net(f);
    const graph::ChannelMap map(graph::trace(net, ones({2, 6})));
    for (size_t v = 0; v < map.graph().values.size(); ++v) {
      if (map.graph().values[v].name == "fc.weight")
        return map.pinned(map.class_of({static_cast<int>(v), dim, 0}));
    }
    return std::string("no fc.weight");
  };
  const auto after = [](auto f) {
    return [f](Lambda& self, const Tensor& t) { return self.fc(f(self.fc(t))); };
  };
  CHECK(reason([](Lambda& self, const Tensor& t) { return self.fc(t); }) == "the model's output");
  CHECK(reason([](Lambda& self, const Tensor& t) { return self.fc(t); }, 1) == "the model's input");
  CHECK(reason(after([](const Tensor& h) { return softmax(h, 1); })) ==
        "softmax needs this dimension as it is");
  CHECK(reason(after([](const Tensor& h) {
          return reshape(h, {-1, 6});
        })) == "reshape names this size: write -1 in its place");
  CHECK(reason(after([](const Tensor& h) {  // channel 0, before the slice
          const Tensor two = slice(h, 1, 2, 4);
          return concat({two, two, two}, 1);
        })) == "slice counts to this place: use chunk, or slice to the end");
}

TEST_CASE("graph. a depthwise filter is of the channel that it reads, also if that has several") {
  nn::Sequential net{nn::Conv2d(3, 4, 1), nn::Conv2d(4, 8, 3, {.groups = 4})};
  const graph::ChannelMap map(graph::trace(net, ones({1, 3, 5, 5})), {.release_outputs = true});
  const auto value = [&](const std::string& name) {
    const auto& values = map.graph().values;
    return static_cast<int>(std::ranges::find(values, name, &graph::Value::name) - values.begin());
  };
  for (int64_t j = 0; j < 8; ++j) {
    for (int64_t i = 0; i < 4; ++i)
      CHECK((map.class_of({value("conv2d_1"), 1, j}) == map.class_of({value("conv2d_0"), 1, i})) ==
            (i == j / 2));
  }
}

TEST_CASE("graph. channels go on behind a dimension that is reduced but kept") {
  Lambda net(
      [](Lambda& self, const Tensor& x) { return flatten(mean(unsqueeze(self.fc(x), 1), {1}, true)); });
  const graph::ChannelMap map(graph::trace(net, ones({2, 6})));
  const auto value = [&](const std::string& name) {
    const auto& values = map.graph().values;
    return static_cast<int>(std::ranges::find(values, name, &graph::Value::name) - values.begin());
  };
  for (int64_t i = 0; i < 6; ++i)
    CHECK(map.class_of({value("mean_2"), 2, i}) == map.class_of({value("linear_0"), 1, i}));
}
