#include <set>
#include <string>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/graph/graph.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/models/resnet.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/prune/mask_rules.hpp>

using namespace tinynn;

TEST_CASE("models. sizes and costs are those of the papers") {
  struct Row {
    const char* name;
    int64_t parameters, macs;
    Shape input{3, 1, 28, 28};
  };
  // ResNet-20: 9 * 1024 for each pair of channels that a 3x3 convolution joins in full size, a quarter of the
  // positions after each stride, the 1x1 shortcuts, and the linear layer; about 41M as published.
  const int64_t resnet_macs = 9 * 1024 * (3 * 16 + 6 * 16 * 16) + 9 * 256 * (16 * 32 + 5 * 32 * 32) +
                              9 * 64 * (32 * 64 + 5 * 64 * 64) + 256 * 16 * 32 + 64 * 32 * 64 + 640;
  const int64_t vgg_macs = 9 * 1024 * (3 * 32 + 32 * 32) + 9 * 256 * (32 * 64 + 64 * 64) +
                           9 * 64 * (64 * 128 + 128 * 128) + 2048 * 128 + 1280;
  // Each of the twelve layers makes 12 channels of what came before; the transitions join the blocks.
  const int64_t densenet_macs = 9 * 1024 * (3 * 24 + 12 * (24 + 36 + 48 + 60)) + 1024 * 72 * 36 +
                                9 * 256 * 12 * (36 + 48 + 60 + 72) + 256 * 84 * 42 +
                                9 * 64 * 12 * (42 + 54 + 66 + 78) + 900;
  // LeNet-5 (Caffe): 20*25*24*24 + 50*500*8*8 + 500*800 + 10*500, the 2.29M of the structured-pruning tables
  const Row rows[] = {{"densenet-small", 76810, densenet_macs, {2, 3, 32, 32}},
                      {"vgg-small", 551018, vgg_macs, {2, 3, 32, 32}},
                      {"lenet-300-100", 266610, 266200},
                      {"lenet-5", 431080, 288000 + 1600000 + 400000 + 5000},
                      {"lenet-5-bn", 431080 + 2 * 70, 288000 + 1600000 + 400000 + 5000},
                      {"resnet-20", 272474, resnet_macs, {2, 3, 32, 32}},
                      {"simple-cnn", 26138, 9 * 4 * 784 + 36 * 8 * 196 + 392 * 64 + 640}};
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto net = models::make(row.name);
    const auto counts = graph::count(*net, zeros(row.input));
    CHECK(counts.parameters == row.parameters);
    CHECK(counts.macs == row.macs);
    CHECK((*net)(zeros(row.input)).shape() == Shape{row.input[0], 10});
    CHECK(models::input_shape(row.name) == Shape{row.input[1], row.input[2], row.input[3]});
  }
}

TEST_CASE("models. each is made of the operations that its description says") {
  const auto operations = [](const std::string& name) {
    const auto model = models::make(name);
    const Shape size = models::input_shape(name);
    std::string text;
    for (const auto& operation : graph::trace(*model, zeros({1, size[0], size[1], size[2]})).operations)
      text += (text.empty() ? "" : " ") + std::string(operation.op->name);
    return text;
  };
  CHECK(operations("lenet-300-100") == "flatten linear relu linear relu linear");
  CHECK(operations("lenet-5") == "conv2d max_pool2d conv2d max_pool2d flatten linear relu linear");
  CHECK(operations("lenet-5-bn") ==
        "conv2d batch_norm max_pool2d conv2d batch_norm max_pool2d flatten linear relu linear");
  CHECK(operations("simple-cnn") ==
        "conv2d relu max_pool2d conv2d relu max_pool2d flatten linear relu linear");
  std::string vgg;
  for (int stage = 0; stage < 3; ++stage) vgg += "conv2d batch_norm relu conv2d batch_norm relu max_pool2d ";
  CHECK(operations("vgg-small") == vgg + "flatten linear relu linear");
  const std::string inside = "conv2d batch_norm relu conv2d batch_norm ",
                    head = "adaptive_avg_pool2d flatten linear";
  std::string resnet = "conv2d batch_norm relu ";
  for (int block = 0; block < 9; ++block)
    resnet += inside + (block == 3 || block == 6 ? "conv2d batch_norm " : "") + "add relu ";
  CHECK(operations("resnet-20") == resnet + head);
  std::string densenet = "conv2d ";
  for (int block = 0; block < 3; ++block) {
    if (block > 0) densenet += "batch_norm relu conv2d avg_pool2d ";
    for (int layer = 0; layer < 4; ++layer) densenet += "batch_norm relu conv2d concat ";
  }
  CHECK(operations("densenet-small") == densenet + "batch_norm relu " + head);
}

TEST_CASE("models. dead weights cost no multiply-accumulates") {
  const auto net = models::make("lenet-300-100");
  prune::prune(prune::weights(*net), prune::fraction(0.95));
  const auto counts = graph::count(*net, zeros({1, 1, 28, 28}));
  CHECK(counts.macs == 13310);
  CHECK(counts.parameters == 266610);
  CHECK(counts.nonzero <= 13310 + 410);
}

TEST_CASE("models. an unknown name lists those that are known") {
  CHECK_THROWS_WITH_AS(models::make("lenet"),
                       "unknown model \"lenet\", expected one of: densenet-small, lenet-300-100, lenet-5, "
                       "lenet-5-bn, resnet-20, "
                       "simple-cnn, vgg-small",
                       Error);
}

TEST_CASE("models. resnet-20 is named as torchvision's resnets") {
  models::ResNet20 net;
  std::set<std::string> names;
  for (const auto& entry : net.named_parameters()) names.insert(entry.first);
  for (const auto& entry : net.named_buffers()) names.insert(entry.first);
  // 19 convolutions and 2 shortcuts, each with weight, scale, shift, mean and variance; the linear layer.
  CHECK(names.size() == 21 * 5 + 2);
  for (const char* name :
       {"conv1.weight", "bn1.running_var", "layer1.0.conv1.weight", "layer1.2.bn2.running_mean",
        "layer2.0.downsample.0.weight", "layer3.0.downsample.1.bias", "layer3.2.conv2.weight", "fc.bias"}) {
    CAPTURE(name);
    CHECK(names.contains(name));
  }
  CHECK(!names.contains("conv1.bias"));
  CHECK(!names.contains("layer1.0.downsample.0.weight"));
}

TEST_CASE("models. resnet-20 starts as torchvision's: normal with variance 2 / fan-out") {
  manual_seed(1);
  const models::ResNet20 net;
  const auto variance_times_fan_out = [](const nn::Conv2d& conv) {
    double sum = 0;
    for (float w : conv.weight.values()) sum += static_cast<double>(w) * static_cast<double>(w);
    const Shape& s = conv.weight.shape();
    return sum / static_cast<double>(s.numel()) * static_cast<double>(s[0] * s[2] * s[3]);
  };
  const auto& block = dynamic_cast<models::BasicBlock&>(net.layer3[0]);
  CHECK(variance_times_fan_out(block.conv1) == doctest::Approx(2).epsilon(0.05));
  CHECK(variance_times_fan_out(block.conv2) == doctest::Approx(2).epsilon(0.05));
  CHECK(variance_times_fan_out(dynamic_cast<nn::Conv2d&>(block.downsample[0])) ==
        doctest::Approx(2).epsilon(0.1));
}

TEST_CASE("models. resnet-20 learns a small batch, and saves what it learned") {
  manual_seed(2);
  models::ResNet20 net;
  optim::SGD sgd(net.parameters(), {.lr = 0.05, .momentum = 0.9});
  const Tensor images = randn({8, 3, 16, 16});  // global pooling takes any size
  const Labels labels({0, 1, 2, 3, 4, 5, 6, 7});
  double first = 0, last = 0;
  for (int step = 0; step < 12; ++step) {
    sgd.zero_grad();
    const Tensor loss = cross_entropy(net(images), labels);
    loss.backward();
    sgd.step();
    last = loss.item();
    if (step == 0) first = last;
  }
  CHECK(first > 1.5F);
  CHECK(last < 0.5F);
  for (const auto& entry : net.named_parameters()) {
    CAPTURE(entry.first);
    CHECK(count_nonzero(entry.second.grad()) > 0);
  }

  models::ResNet20 other;
  io::load(other, io::to_file(net));
  models::ResNet20 twin = clone(net);
  for (models::ResNet20* m : {&net, &other, &twin}) m->eval();
  const auto logits = net(images).to_vector();
  CHECK(other(images).to_vector() == logits);
  CHECK(twin(images).to_vector() == logits);
}
