#include <cmath>

#include <doctest/doctest.h>

#include <tinynn/nn/conv1d.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/conv_transpose2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/prune/activation_criteria.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/error_of.hpp"

using namespace tinynn;

namespace {

data::DataLoader loader_of(const Tensor& x, int64_t batch_size) {
  return data::DataLoader(
      std::make_shared<data::TensorDataset>(x, Labels(std::vector<int64_t>(static_cast<size_t>(x.size(0))))),
      {.batch_size = batch_size});
}

// |w| times the norm, over samples and positions, of the pixel that w is multiplied with.
std::vector<double> naive(const Tensor& x, const Tensor& w, int64_t stride, int64_t padding, int64_t groups) {
  const int64_t o = w.size(0), each = w.size(1), kh = w.size(2), kw = w.size(3), h = x.size(2),
                width = x.size(3);
  const int64_t oh = (h + 2 * padding - kh) / stride + 1, ow = (width + 2 * padding - kw) / stride + 1;
  std::vector<double> scores;
  for (int64_t i = 0; i < w.numel(); ++i) {
    const int64_t out = i / (each * kh * kw), c = out / (o / groups) * each + i / (kh * kw) % each;
    const int64_t dy = i / kw % kh, dx = i % kw;
    double squares = 0;
    for (int64_t n = 0; n < x.size(0); ++n) {
      for (int64_t p = 0; p < oh * ow; ++p) {
        const int64_t row = p / ow * stride + dy - padding, column = p % ow * stride + dx - padding;
        if (row < 0 || row >= h || column < 0 || column >= width) continue;
        const auto pixel = static_cast<double>(x.data()[((n * x.size(1) + c) * h + row) * width + column]);
        squares += pixel * pixel;
      }
    }
    scores.push_back(std::abs(static_cast<double>(w.data()[i])) * std::sqrt(squares));
  }
  return scores;
}

}  // namespace

TEST_CASE("prune. wanda is |w| times the norm of the pixels that it multiplies") {
  test::Draw draw(5);
  const Tensor x = draw.tensor({5, 4, 7, 6});
  data::DataLoader loader = loader_of(x, 2);
  for (const int64_t groups : {1, 2}) {
    for (const int64_t stride : {1, 2}) {
      nn::Sequential net{nn::Conv2d(4, 6, 3, {.stride = stride, .padding = 1, .groups = groups}),
                         nn::Flatten(), nn::Linear(stride == 1 ? 252 : 72, 3)};
      const Parameter weight = net.parameters()[0];
      const auto scores = prune::wanda({net, loader})({weight});
      CHECK(test::difference(scores[0].values(), naive(x, weight, stride, 1, groups), 1e-4) == "");
      CHECK_FALSE(weight.grad().defined());
    }
  }
}

TEST_CASE("prune. wanda scores what sequences and transposed convolutions multiply") {
  test::Draw draw(6);
  // Each weight of a transposed convolution meets every pixel of its channel.
  const Tensor image = draw.tensor({4, 3, 4, 5}), sequence = draw.tensor({4, 3, 6});
  data::DataLoader images = loader_of(image, 2), sequences = loader_of(sequence, 3);
  nn::Sequential whole{nn::ConvTranspose2d(3, 2, 2, {.stride = 2})}, convolved{nn::Conv1d(3, 2, 1)};
  const auto norms = [](const Tensor& x, const Tensor& w, int64_t dim) {
    std::vector<double> scores;
    for (int64_t i = 0; i < w.numel(); ++i) {
      const int64_t c = i / w.shape().inner(dim) % 3, pixels = x.shape().inner(1);
      double squares = 0;
      for (int64_t at = 0; at < x.numel(); ++at) {
        const auto pixel = static_cast<double>(x.data()[at]);
        if (at / pixels % 3 == c) squares += pixel * pixel;
      }
      scores.push_back(std::abs(static_cast<double>(w.data()[i])) * std::sqrt(squares));
    }
    return scores;
  };
  const Parameter weight = whole.parameters()[0], of_sequence = convolved.parameters()[0];
  CHECK(test::difference(prune::wanda({whole, images})({weight})[0].values(), norms(image, weight, 0),
                         1e-4) == "");
  CHECK(test::difference(prune::wanda({convolved, sequences})({of_sequence})[0].values(),
                         norms(sequence, of_sequence, 1), 1e-4) == "");
}

TEST_CASE("prune. wanda of inputs of one size ranks as magnitude does; batches add up") {
  nn::Sequential net{nn::Linear(6, 4)};
  const Parameter weight = net.parameters()[0];
  data::DataLoader ones_of = loader_of(ones({8, 6}), 3);
  const Tensor scores = prune::wanda({net, ones_of})({weight})[0];
  std::vector<double> expected;
  for (const float w : weight.values()) expected.push_back(std::abs(static_cast<double>(w)) * std::sqrt(8.0));
  CHECK(test::difference(scores.values(), expected, 1e-6) == "");
  const Parameter other(ones({2, 2}));
  CHECK(test::error_of([&] {
          prune::wanda({net, ones_of})({other});
        }) == "wanda: no linear layer or convolution reads a weight of shape (2, 2)");
}
