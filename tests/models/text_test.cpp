#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/graph/network.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/models/text.hpp>
#include <tinynn/structured/remove_layers.hpp>

#include "tests/support/error_of.hpp"
#include "tests/support/replay.hpp"

using namespace tinynn;
using test::error_of;

namespace {

const Shape digits{1, 28, 28};

std::string text_again(const std::string& text, const Shape& sample) {
  manual_seed(1);
  const auto net = models::from_text(text, sample);
  std::vector<int64_t> sizes{2};
  sizes.insert(sizes.end(), sample.begin(), sample.end());
  return models::to_text(graph::trace(*net, randn(Shape(sizes)))).value_or("none");
}

std::string text_of(const std::string& model) {
  const Shape s = models::input_shape(model);
  return models::to_text(graph::trace(*models::make(model), zeros({1, s[0], s[1], s[2]}))).value_or("none");
}

}  // namespace

TEST_CASE("models. a network's text says what the network by name is") {
  CHECK(text_of("lenet-300-100") == "linear 300, relu, linear 100, relu, linear 10");
  CHECK(text_of("lenet-5") == "conv 20 5, maxpool 2, conv 50 5, maxpool 2, linear 500, relu, linear 10");
  CHECK(text_of("simple-cnn") ==
        "conv 4 3 pad 1, relu, maxpool 2, conv 8 3 pad 1, relu, maxpool 2, linear 64, relu, linear 10");
  CHECK(text_of("resnet-20")
            .starts_with("conv 16 3 pad 1 nobias, bn, relu, [conv 16 3 pad 1 nobias, bn, relu, conv 16 3 pad "
                         "1 nobias, bn]+, relu, ["));
  CHECK(text_of("resnet-20")
            .find("[conv 32 3 stride 2 pad 1 nobias, bn, relu, conv 32 3 pad 1 nobias, bn | "
                  "conv 32 1 stride 2 nobias, bn]+, relu, ") != std::string::npos);
  CHECK(text_of("densenet-small") == "none");
}

TEST_CASE("models. a network of a text starts and computes as the one by name") {
  for (const auto& model : {"lenet-300-100", "lenet-5", "simple-cnn"}) {
    const Shape s = models::input_shape(model);
    manual_seed(7);
    const auto named = models::make(model);
    const std::string text = text_of(model);
    manual_seed(7);
    const auto made = models::from_text(text, s);
    const Tensor x = randn({3, s[0], s[1], s[2]});
    CHECK(test::same_bits((*named)(x), (*made)(x)));
  }
}

TEST_CASE("models. a text comes back from the network that was made of it") {
  for (const char* text : {
           "conv 6 3 pad 1 groups 1, bn, relu6, conv 12 3 stride 2 groups 3 nobias, leakyrelu 0.2, "
           "globalpool, linear 3",
           "conv 8 5 dilation 2, elu 0.5, avgpool 2, hardswish, maxpool 3 stride 2 pad 1, flatten, dropout "
           "0.3, gelu",
           "conv 4 1, [conv 4 3 pad 1, [bn, silu, conv 4 1]+, tanh | conv 4 1 nobias]+, sigmoid, hardsigmoid",
           "conv 6 3, layernorm, conv 6 3, groupnorm 3, conv 6 3, groupnorm 1, linear 8, groupnorm 4, "
           "layernorm",
           "conv 4 3, prelu, conv 4 3, prelu shared, globalmaxpool, linear 3, prelu",
           "linear 12 nobias, bn, dropout, [linear 12, relu, linear 12]+, relu, linear 2",
       }) {
    std::string expected = text;
    if (const auto usual = expected.find(" groups 1,"); usual != std::string::npos) expected.erase(usual, 9);
    CHECK(text_again(text, digits) == expected);
  }
  for (const char* text : {
           "conv 4 3, upsample 2, pad 2, pad 1 value -0.5, convtranspose 6 2, convtranspose 4 3 stride 2 pad "
           "1 outpad 1 "
           "dilation 2 groups 2 nobias, linear 3",
           "conv 4 3 stride 5, convtranspose 8 3 groups 4, relu, upsample 3, globalpool, flatten",
           "flatten, sequence, conv1d 6 5 stride 2, bn, relu, maxpool1d 3 stride 2 pad 1, conv1d 6 3 pad 2 "
           "dilation 2 "
           "groups 3 nobias, avgpool1d 2, upsample 2, linear 5",
           "linear 20, sequence, [conv1d 3 3 pad 1, maxpool1d 3 stride 1 pad 1 | conv1d 3 1]+, linear 2",
       })
    CHECK(text_again(text, digits) == text);
  CHECK(text_again("sequence, conv1d 4, flatten, linear 1", {9}) == "sequence, conv1d 4 3, linear 1");
  CHECK(text_again("convtranspose 4, pad 1 value 0, upsample", {3, 4, 5}) ==
        "convtranspose 4 2, pad 1, upsample 2");
  CHECK(text_again("linear 5, relu, linear 1", {7}) == "linear 5, relu, linear 1");
  CHECK(text_again("  conv 4\n3 ,relu,[ conv   4 3 pad 1 ]+  ", digits) ==
        "conv 4 3, relu, [conv 4 3 pad 1]+");
}

TEST_CASE("models. the help of a network's text has a line for each layer, its word by itself") {
  for (const char* line : {"  conv           OUT [KERNEL=3]", "  globalmaxpool  largest of each channel\n"})
    CHECK(models::text_help().find(line) != std::string::npos);
}

TEST_CASE("models. layers of a text have the names that PyTorch's Sequential gives them") {
  const auto net =
      models::from_text("conv 4 3 pad 1, relu, [conv 4 3 pad 1, bn | conv 4 1]+, linear 2", digits);
  std::vector<std::string> names;
  for (const auto& [name, parameter] : net->named_parameters()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"0.weight", "0.bias", "2.0.weight", "2.0.bias", "2.1.weight",
                                          "2.1.bias", "2.shortcut.0.weight", "2.shortcut.0.bias", "4.weight",
                                          "4.bias"});
  const auto choices = structured::removable_layers(*net, zeros({1, 1, 28, 28}));
  REQUIRE(choices.size() == 2);
  CHECK(choices[0].name == "2");
  CHECK(choices[1].name == "2.shortcut.0");
}

TEST_CASE("models. a text that is no network is refused: which layer, and why") {
  const auto error = [](const char* text, const Shape& sample = digits) {
    return error_of([&] { models::from_text(text, sample); });
  };
  CHECK(error("conv 20 5, maxpol 2") ==
        "model: layer 2, \"maxpol 2\", of input (1, 20, 24, 24): there is no layer \"maxpol\"; the nearest "
        "is \"maxpool\"");
  CHECK(error("conv 20 5, maxpool 9, conv 50 5") ==
        "model: layer 3, \"conv 50 5\", of input (1, 20, 2, 2): conv2d: the kernel of weight (50, 20, 5, 5) "
        "is larger "
        "than the padded input (1, 20, 2, 2)");
  CHECK(error("linear 5, conv 3") ==
        "model: layer 2, \"conv 3\", of input (1, 5): it takes pictures, (n, c, h, w)");
  CHECK(error("conv 4 3", {7}) ==
        "model: layer 1, \"conv 4 3\", of input (1, 7): it takes pictures, (n, c, h, w)");
  CHECK(error("linear") ==
        "model: layer 1, \"linear\", of input (1, 1, 28, 28): it has 0 numbers, expected linear OUT "
        "[nobias]: fully connected");
  CHECK(error("linear x") == "model: layer 1, \"linear x\", of input (1, 1, 28, 28): \"x\" is no number");
  CHECK(error("linear 0") ==
        "model: layer 1, \"linear 0\", of input (1, 1, 28, 28): a size of 0, expected at least 1");
  CHECK(error("linear 2.5").find("\"2.5\" is no whole number from 0 to 2^20") != std::string::npos);
  CHECK(error("linear 1000000").find("it would have more than 2^28 weights") != std::string::npos);
  CHECK(error("conv 1000000 1000").find("it would have more than 2^28 weights") != std::string::npos);
  CHECK(error("conv 4 stride").find("\"stride\" without a number") != std::string::npos);
  CHECK(error("") == "model: layer 1 is empty");
  CHECK(error("relu,,relu") == "model: layer 2 is empty");
  CHECK(error("relu]+") == "model: layer 1 has a \"]\" that nothing opens");
  CHECK(error("[relu") == "model: layer 2 ends without the \"]\" of layer 1");
  CHECK(error("[relu]") == "model: layer 2 ends a bracket without the + behind it: [ ... ]+");
  CHECK(error("relu [relu]+") == "model: layer 1 is \"relu\" and an opening bracket; a comma is missing");
  CHECK(error("[conv 4 3]+") ==
        "model: the bracket of layer 1 makes (1, 4, 26, 26) of (1, 1, 28, 28), its shortcut (1, 1, "
        "28, 28); give layers for it behind |, as [ ... | conv 32 1 stride 2, bn ]+");
  CHECK(error("conv 6 3 groups 4").find("4 groups do not divide 1 input and 6 output channels") !=
        std::string::npos);
  CHECK(error("conv 6 3, groupnorm 4").ends_with("GroupNorm: 4 groups do not divide 6 channels"));
  CHECK(error("dropout 2").find("the probability 2 is not between 0 and 1") != std::string::npos);
  CHECK(error(std::string(100, '[').c_str()) == "model: layer 21 stands in more than 20 brackets");
}

TEST_CASE("models. layers of sequences and layers that make larger say what they take, and have bounds") {
  const auto error = [](const char* text, const Shape& sample = digits) {
    return error_of([&] { models::from_text(text, sample); });
  };
  CHECK(error("conv1d 3") ==
        "model: layer 1, \"conv1d 3\", of input (1, 1, 28, 28): it takes sequences, (n, c, l)");
  CHECK(error("sequence, pad 1", {7}) ==
        "model: layer 2, \"pad 1\", of input (1, 1, 7): it takes pictures, (n, c, h, w)");
  CHECK(error("linear 5, maxpool1d").ends_with("it takes sequences, (n, c, l)"));
  CHECK(error("sequence, sequence", {7}) == "no error");  // which flattens first, as linear does
  CHECK(error("pad 1.5").ends_with("it pads by 1.5, expected a whole number from 1 to 2^20"));
  CHECK(error("pad 0").ends_with("it pads by 0, expected a whole number from 1 to 2^20"));
  CHECK(error("pad 1 value").ends_with("\"value\" without a number"));
  CHECK(error("pad 1000000").ends_with("it would make more than 2^28 numbers a sample"));
  CHECK(error("upsample 1000000").ends_with("it would make more than 2^28 numbers a sample"));
  CHECK(error("flatten, sequence, upsample 1000000")
            .ends_with("it would make more than 2^28 numbers a sample"));
  CHECK(error("convtranspose 4 3 outpad 3").ends_with("output padding 3 must be less than the stride, 3"));
  CHECK(error("convtranspose 100000 300").ends_with("it would have more than 2^28 weights"));
  CHECK(error("convtranspose 1 2 stride 1000000").ends_with("it would make more than 2^28 numbers a sample"));
  CHECK(
      error("convtranspose 1 2 dilation 1000000").ends_with("it would make more than 2^28 numbers a sample"));
  CHECK(
      error("convtranspose 200 1000 stride 1").ends_with("it would add up more than 2^28 numbers a sample"));
  CHECK(error("sequence, conv1d 1000000 1000").ends_with("it would have more than 2^28 weights"));
  CHECK(error("sequence, conv1d 1000 3 pad 1000000")
            .ends_with("it would make more than 2^28 numbers a sample"));
  CHECK(error("sequence, conv1d 1000, conv1d 1 3 pad 1000000 stride 1000000")
            .ends_with("padded to more than 2^28 numbers a sample"));
}

TEST_CASE("models. layers of a text may have names of one's own") {
  const auto net =
      models::from_text("conv1: conv 4 3 pad 1, relu, block: [conv: conv 4 3 pad 1]+, fc:linear 2", digits);
  std::vector<std::string> names;
  for (const auto& [name, parameter] : net->named_parameters()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"conv1.weight", "conv1.bias", "block.conv.weight",
                                          "block.conv.bias", "fc.weight", "fc.bias"});
  const auto error = [](const char* text) { return error_of([&] { models::from_text(text, digits); }); };
  CHECK(error("a: relu, a: relu") ==
        "model: layer 2 has the name \"a\", expected one word that no other layer has");
  CHECK(error("a b: relu") ==
        "model: layer 1 has the name \"a b\", expected one word that no other layer has");
  CHECK(error("a:") == "model: layer 1 is empty");
  const auto choices = structured::removable_layers(*net, zeros({1, 1, 28, 28}));
  REQUIRE(choices.size() == 1);
  CHECK(choices[0].name == "block");
}

TEST_CASE("models. a text of many brackets in a row is written, and of too many in one another is not") {
  std::string row = "conv 2 1";
  for (int i = 0; i < 60; ++i) row += ", [relu, [conv 2 1]+]+";
  CHECK(text_again(row, {1, 2, 2}) == row);
  // The same layers in both sides of a sum, and that again: no text has so many.
  io::SafetensorsFile file;
  std::string line = "in n,2";
  int last = 0;
  for (int i = 0; i < 30; ++i, last += 4) {
    const auto value = [&](int k) { return " %" + std::to_string(last + k); };
    line += ";relu" + value(0) + ";add" + value(1) + value(0) + ";add" + value(1) + value(0) + ";add" +
            value(2) + value(3);
  }
  file.metadata["tinynn.graph"] = line + ";out %" + std::to_string(last);
  graph::Network net = io::load_network(file);
  CHECK_FALSE(models::to_text(graph::trace(net, zeros({1, 2}))).has_value());
}

TEST_CASE("models. flatten is left out of a text only where linear brings it along") {
  for (const char* text : {"conv 2 3, flatten, linear 3", "conv 2 3, linear 3"})
    CHECK(text_again(text, digits) == "conv 2 3, linear 3");
  CHECK(text_again("linear 4, flatten, linear 3", digits) == "linear 4, flatten, linear 3");
  CHECK(text_again("conv 2 3, flatten, relu, linear 3", digits) == "conv 2 3, flatten, relu, linear 3");
}

TEST_CASE("models. names of a text's layers differ from the numbers of the others") {
  const auto error = [](const std::string& text) {
    return error_of([&] { models::from_text(text, digits); });
  };
  CHECK(error("1: conv 2 3, conv 2 3") ==
        "model: layer 2 has the name \"1\", expected one word that no other layer has");
  CHECK(error("1: conv 2 3, 0: conv 2 3") == "no error");
  CHECK(error("[a: conv 1 1]+, [a: conv 1 1]+") == "no error");
  CHECK(error("[shortcut: conv 1 1 | conv 1 1]+").find("has the name \"shortcut\"") != std::string::npos);
  CHECK(error("[shortcut: conv 1 1]+") == "no error");
  CHECK(error("a\x01: relu").find("has the name \"a?\"") != std::string::npos);
  CHECK(error("[relu]+\x01") == "model: layer 2 has a \"?\" that nothing opens");
}

TEST_CASE("models. a text's convolution makes no more than fits into memory") {
  const auto error = [](const std::string& text) {
    return error_of([&] { models::from_text(text, digits); });
  };
  CHECK(error("conv 1 3 pad 1000000").ends_with("it would make more than 2^28 numbers a sample"));
  CHECK(error("conv 1 3 pad 1000000 stride 1000000").ends_with("padded to more than 2^28 numbers a sample"));
  CHECK(error("conv 1000000 200").ends_with("it would have more than 2^28 weights"));
}
