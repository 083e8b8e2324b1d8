// Layers read their sizes from their weights, and say so when an input does not fit.
#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/nn/conv1d.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/conv_transpose2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/prelu.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/reduce.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"

using namespace tinynn;

TEST_CASE("nn. Linear takes any number of leading dimensions and names what does not fit") {
  nn::Linear layer(3, 2);
  CHECK(layer(ones({3})).shape() == Shape{2});
  CHECK(layer(ones({4, 5, 3})).shape() == Shape{4, 5, 2});
  CHECK(layer(ones({0, 3})).shape() == Shape{0, 2});
  CHECK_THROWS_WITH_AS(layer(ones({3, 2})),
                       "linear: input (3, 2) does not fit weight (2, 3): its last dimension must be 3",
                       Error);
  CHECK_THROWS_AS(layer(full({}, 1)), Error);
  CHECK_THROWS_AS(layer(Tensor()), Error);
  layer.bias.slice(0, {0});  // a cut that forgot the weight
  CHECK_THROWS_WITH_AS(layer(ones({1, 3})), "linear: bias (1) does not fit weight (2, 3): expected (2)",
                       Error);
}

TEST_CASE("nn. Conv2d computes its output size and names what does not fit") {
  nn::Conv2d layer(3, 4, 3, {.stride = 2, .padding = 1});
  CHECK(layer(ones({2, 3, 9, 8})).shape() == Shape{2, 4, 5, 4});
  CHECK(layer(ones({0, 3, 9, 8})).shape() == Shape{0, 4, 5, 4});
  // Rows and columns of their own: 9 + 2 + 1 - (3 - 1) 2 - 1 over 1, and 8 + 1 - 1 over 2.
  nn::Conv2d uneven(3, 4, {3, 1}, {.stride = {1, 2}, .padding = {2, 1, 0, 1}, .dilation = {2, 1}});
  CHECK(uneven.weight.shape() == Shape{4, 3, 3, 1});
  CHECK(uneven(ones({2, 3, 9, 8})).shape() == Shape{2, 4, 8, 5});
  CHECK_THROWS_WITH_AS(
      nn::Conv2d(3, 4, 3, {.padding = {0, -1, 0, 0}})(ones({2, 3, 9, 8})),
      "conv2d: stride 1, padding {0, -1, 0, 0}, dilation 1, groups 1: expected at least 1, 0, "
      "1, 1",
      Error);
  CHECK_THROWS_WITH_AS(layer(ones({2, 2, 9, 8})),
                       "Conv2d: input (2, 2, 9, 8) does not fit weight (4, 3, 3, 3)", Error);
  CHECK_THROWS_WITH_AS(layer(ones({3, 9, 8})), "Conv2d: input (3, 9, 8) is not (n, c, h, w)", Error);
  CHECK_THROWS_WITH_AS(
      nn::Conv2d(3, 4, 3)(ones({1, 3, 2, 2})),
      "conv2d: the kernel of weight (4, 3, 3, 3) is larger than the padded input (1, 3, 2, 2)", Error);
  CHECK_THROWS_WITH_AS(nn::Conv2d(3, 4, 3, {.groups = 2}),
                       "Conv2d: 2 groups do not divide 3 input and 4 output channels", Error);
  CHECK_THROWS_AS(nn::Conv2d(3, 4, 3, {.groups = 0}), Error);
  CHECK_THROWS_AS(nn::Conv2d(1, 1, 1, {.stride = 0})(ones({1, 1, 2, 2})), Error);
}

TEST_CASE("nn. Conv1d computes its output size and names what does not fit") {
  nn::Conv1d layer(3, 4, 3, {.stride = 2, .padding = 1});
  CHECK(layer(ones({2, 3, 9})).shape() == Shape{2, 4, 5});
  CHECK(layer(ones({0, 3, 9})).shape() == Shape{0, 4, 5});
  CHECK(!nn::Conv1d(3, 4, 3, {.bias = false}).bias.defined());
  CHECK_THROWS_WITH_AS(layer(ones({2, 2, 9})), "Conv1d: input (2, 2, 9) does not fit weight (4, 3, 3)",
                       Error);
  CHECK_THROWS_WITH_AS(layer(ones({3, 9})), "Conv1d: input (3, 9) is not (n, c, l)", Error);
  CHECK_THROWS_WITH_AS(nn::Conv1d(3, 4, 3, {.groups = 2}),
                       "Conv1d: 2 groups do not divide 3 input and 4 output channels", Error);
  // A grouped layer has as many groups as its sizes say after a cut.
  nn::Conv1d depthwise(4, 4, 3, {.padding = 1, .groups = 4});
  depthwise.weight.slice(0, {1, 3});
  depthwise.bias.slice(0, {1, 3});
  CHECK(depthwise(ones({1, 2, 6})).shape() == Shape{1, 2, 6});
  CHECK(nn::MaxPool1d(2)(ones({2, 3, 5})).shape() == Shape{2, 3, 2});
  CHECK(nn::AvgPool1d(3, {.stride = 1, .padding = 1})(ones({2, 3, 5})).shape() == Shape{2, 3, 5});
  CHECK(nn::AdaptiveAvgPool1d(4)(ones({2, 3, 5})).shape() == Shape{2, 3, 4});
}

TEST_CASE("nn. layers that pad take their sides by name") {
  const Tensor row = tensor({1, 2}, {1, 1, 2}), image = tensor({1, 2}, {1, 1, 1, 2});
  CHECK(nn::ConstantPad1d(1, 2, 0.5)(row).to_vector() == std::vector<float>{0.5, 1, 2, 0.5, 0.5});
  const Tensor padded = nn::ConstantPad2d({1, 0, 0, 2}, 7)(image);  // above, and on the right
  CHECK(padded.shape() == Shape{1, 1, 2, 4});
  CHECK(padded.to_vector() == std::vector<float>{7, 7, 7, 7, 1, 2, 7, 7});
  CHECK(nn::ZeroPad2d(1)(image).shape() == Shape{1, 1, 3, 4});
  CHECK(nn::Upsample({2, 1})(image).to_vector() == std::vector<float>{1, 2, 1, 2});
}

TEST_CASE("nn. ConvTranspose2d computes its output size and names what does not fit") {
  nn::ConvTranspose2d layer(3, 4, 3, {.stride = 2, .padding = 1, .output_padding = 1});
  CHECK(layer(ones({2, 3, 5, 4})).shape() == Shape{2, 4, 10, 8});
  CHECK(layer(ones({0, 3, 5, 4})).shape() == Shape{0, 4, 10, 8});
  CHECK_THROWS_WITH_AS(layer(ones({2, 2, 5, 4})),
                       "conv_transpose2d: input (2, 2, 5, 4) does not fit weight (3, 4, 3, 3) with 1 groups",
                       Error);
  CHECK_THROWS_WITH_AS(layer(ones({3, 5, 4})), "conv_transpose2d: input (3, 5, 4) is not (n, c, h, w)",
                       Error);
  CHECK_THROWS_WITH_AS(
      nn::ConvTranspose2d(3, 4, 3, {.stride = 2, .output_padding = {1, 2}})(ones({1, 3, 2, 2})),
      "conv_transpose2d: output padding {1, 2} must be less than the stride, 2", Error);
  CHECK_THROWS_WITH_AS(nn::ConvTranspose2d(3, 4, 3, {.padding = 2})(ones({1, 3, 2, 2})),
                       "conv_transpose2d: nothing is left of input (1, 3, 2, 2) with padding 2", Error);
  CHECK_THROWS_WITH_AS(nn::ConvTranspose2d(3, 4, 3, {.groups = 2}),
                       "ConvTranspose2d: 2 groups do not divide 3 input and 4 output channels", Error);
  layer.bias.slice(0, {0, 1, 2});
  CHECK_THROWS_WITH_AS(layer(ones({1, 3, 5, 4})),
                       "conv_transpose2d: bias (3) does not fit weight (3, 4, 3, 3): expected (4)", Error);
}

TEST_CASE("nn. a masked transposed convolution trains by the sparse kernels to the same weights") {
  test::Draw draw(4);
  const Tensor x = draw.tensor({3, 8, 6, 6}), weight = draw.tensor({8, 6, 3, 3});
  Mask mask(weight.shape());
  for (int64_t i = 0; i < weight.numel(); ++i) mask.set(i, draw.chance(0.05));
  Parameter masked(weight.clone());
  masked.prune(mask);
  REQUIRE(masked.sparse_pattern(kernels::sparse_conv2d_density) != nullptr);
  Tensor dense = masked.detach().clone();
  dense.set_requires_grad();
  const Tensor y = conv_transpose2d(x, masked, {}, {.padding = 1}),
               twin = conv_transpose2d(x, dense, {}, {.padding = 1});
  CHECK(test::difference(y.values(), twin.values(), 1e-5) == "");
  sum(y * y).backward();
  sum(twin * twin).backward();
  Tensor expected = dense.grad().clone();
  mask.select(expected.mutable_data());
  CHECK(test::difference(masked.grad().values(), expected.values(), 1e-5) == "");
}

TEST_CASE("nn. a convolution without groups does not turn into a grouped one on a wrong input") {
  nn::Conv2d gray(1, 6, 3);
  CHECK_THROWS_WITH_AS(gray(ones({1, 3, 8, 8})),
                       "Conv2d: input (1, 3, 8, 8) does not fit weight (6, 1, 3, 3)", Error);
}

TEST_CASE("nn. groups follow from the sizes after a cut") {
  test::Draw draw(110);
  nn::Conv2d depthwise(4, 4, 3, {.padding = 1, .groups = 4});
  const Tensor x = draw.tensor({2, 4, 5, 5});
  const Tensor before = depthwise(x);
  depthwise.weight.slice(0, {1, 3});
  depthwise.bias.slice(0, {1, 3});
  Parameter kept(x);
  kept.slice(1, {1, 3});
  const Tensor after = depthwise(kept);
  Parameter expected(before.detach());
  expected.slice(1, {1, 3});
  CHECK(test::difference(after.values(), expected.values()) == "");

  nn::Conv2d one_left(2, 2, 1, {.groups = 2});
  one_left.weight.slice(0, {0});
  one_left.bias.slice(0, {0});
  CHECK(one_left(ones({1, 1, 2, 2})).shape() == Shape{1, 1, 2, 2});
}

TEST_CASE("nn. a convolution cut down to no inputs is an error, not a crash") {
  nn::Conv2d layer(2, 2, 3);
  layer.weight.slice(1, {});
  CHECK_THROWS_AS(layer(ones({1, 2, 5, 5})), Error);
}

TEST_CASE("nn. MaxPool2d and Flatten") {
  nn::Sequential net{nn::MaxPool2d(2), nn::Flatten()};
  CHECK(net(ones({2, 3, 5, 4})).shape() == Shape{2, 3 * 2 * 2});
  CHECK(nn::MaxPool2d(3, {.stride = 2, .padding = 1})(ones({1, 1, 5, 5})).shape() == Shape{1, 1, 3, 3});
  CHECK(nn::MaxPool2d({3, 2}, {.stride = {2, 1}, .padding = {1, 0}, .dilation = {1, 3}})(ones({1, 1, 5, 5}))
            .shape() == Shape{1, 1, 3, 2});
  CHECK_THROWS_WITH_AS(
      nn::MaxPool2d(2, {.padding = 1, .dilation = 2})(ones({1, 1, 1, 1})),
      "max_pool2d: a window of 2, dilation 2, lies wholly in the padding of input (1, 1, 1, 1)", Error);
  CHECK_THROWS_WITH_AS(nn::MaxPool2d({2, 4}, {.padding = {1, 1, 0, 3}})(ones({1, 1, 9, 9})),
                       "max_pool2d: padding {1, 1, 0, 3} must lie between 0 and half the kernel, {2, 4}",
                       Error);
  CHECK_THROWS_WITH_AS(nn::MaxPool2d(3)(ones({1, 1, 2, 5})),
                       "max_pool2d: a window of 3 is larger than the padded input (1, 1, 2, 5)", Error);
  CHECK_THROWS_AS(nn::MaxPool2d(2, {.padding = 2})(ones({1, 1, 4, 4})), Error);
  CHECK_THROWS_AS(nn::MaxPool2d(2, {.padding = 1})(ones({1, 1, 0, 4})), Error);
}

TEST_CASE("nn. average and adaptive pooling layers") {
  CHECK(nn::AvgPool2d(2)(ones({2, 3, 5, 4})).shape() == Shape{2, 3, 2, 2});
  CHECK(nn::AvgPool2d(3, {.stride = 1, .padding = 1})(ones({1, 1, 3, 3})).values()[0] ==
        doctest::Approx(4.0 / 9));
  CHECK(nn::AvgPool2d(3, {.stride = 1, .padding = 1, .count_include_pad = false})(ones({1, 1, 3, 3}))
            .to_vector() == std::vector<float>(9, 1));
  CHECK(nn::AvgPool2d({3, 1}, {.padding = {1, 0}})(ones({2, 3, 5, 4})).shape() == Shape{2, 3, 2, 4});
  CHECK(nn::AdaptiveAvgPool2d(1)(ones({2, 3, 5, 4})).shape() == Shape{2, 3, 1, 1});
  CHECK(nn::AdaptiveAvgPool2d(2, 3)(ones({2, 3, 5, 4})).shape() == Shape{2, 3, 2, 3});
  CHECK(nn::AdaptiveMaxPool2d(2, 3)(ones({2, 3, 5, 4})).shape() == Shape{2, 3, 2, 3});
  CHECK(nn::AdaptiveMaxPool2d(1)(tensor({1, 4, 3, 2}, {1, 1, 2, 2})).to_vector() == std::vector<float>{4});
}

TEST_CASE("nn. activation layers have PyTorch's defaults") {
  test::Draw draw(111);
  const Tensor x = draw.tensor({4, 5});
  const auto same = [&](nn::Module& layer, const Tensor& expected) {
    return test::bit_difference(layer(x).values(), expected.values());
  };
  nn::Identity identity;
  CHECK(identity(x).handle() == x.handle());
  nn::LeakyReLU leaky;
  CHECK(same(leaky, leaky_relu(x, 0.01)) == "");
  nn::Sigmoid sigmoid_layer;
  CHECK(same(sigmoid_layer, sigmoid(x)) == "");
  nn::Tanh tanh_layer;
  CHECK(same(tanh_layer, tanh(x)) == "");
  nn::SiLU silu_layer;
  CHECK(same(silu_layer, silu(x)) == "");
  nn::GELU gelu_layer, gelu_by_tanh(GeluFormula::tanh);
  CHECK(same(gelu_layer, gelu(x)) == "");
  CHECK(same(gelu_by_tanh, gelu(x, GeluFormula::tanh)) == "");
  nn::Softmax softmax_layer(0);
  CHECK(same(softmax_layer, softmax(x, 0)) == "");
  nn::LogSoftmax log_softmax_layer(-1);
  CHECK(same(log_softmax_layer, log_softmax(x, 1)) == "");
}

TEST_CASE("nn. PReLU starts and is named as in PyTorch") {
  nn::PReLU shared, each(3, 0.5);
  CHECK(shared.named_parameters()[0].first == "weight");
  CHECK(shared.weight.to_vector() == std::vector<float>{0.25});
  CHECK(each.weight.to_vector() == std::vector<float>(3, 0.5));
  CHECK(shared(tensor({-4, 4})).to_vector() == std::vector<float>{-1, 4});
  CHECK_THROWS_WITH_AS(each(ones({2, 4})), "prelu: weight (3) does not fit input (2, 4): expected (1) or (4)",
                       Error);
}
