// Default initialisation: numbers drawn by different generators can agree in distribution only. The
// two-sample Kolmogorov-Smirnov test compares the shapes of two samples by the largest gap between their
// distributions.
#include <algorithm>
#include <cmath>

#include <tinynn/core/random.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/conv_transpose2d.hpp>
#include <tinynn/nn/linear.hpp>

#include "tests/parity/torch/torch_and_doctest.hpp"
#include "tests/parity/torch/twins.hpp"

namespace {

using test::parity::to_tinynn;

// The largest gap, as a multiple of what two samples of one distribution keep to in 999 of 1000 cases.
double gap(std::vector<float> a, std::vector<float> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  const auto n = static_cast<double>(a.size()), m = static_cast<double>(b.size());
  double largest = 0;
  size_t i = 0, k = 0;
  while (i < a.size() && k < b.size()) {
    if (a[i] <= b[k]) {
      ++i;
    } else {
      ++k;
    }
    largest = std::max(largest, std::abs(static_cast<double>(i) / n - static_cast<double>(k) / m));
  }
  return largest / (1.95 * std::sqrt((n + m) / (n * m)));
}

template <class Ours, class Theirs>
void compare(Ours ours, Theirs theirs) {
  auto expected = theirs->named_parameters();
  for (auto& [name, parameter] : ours.named_parameters()) {
    CAPTURE(name);
    const auto want = to_tinynn(expected[name]);
    CHECK(parameter.shape() == want.shape());
    CHECK(gap(parameter.to_vector(), want.to_vector()) < 1);
  }
}

}  // namespace

TEST_CASE("parity. layers start as PyTorch's do") {
  tinynn::manual_seed(1);
  torch::manual_seed(1);
  namespace nn = tinynn::nn;
  compare(nn::Linear(7, 3000), torch::nn::Linear(7, 3000));
  compare(nn::Linear(300, 2000), torch::nn::Linear(300, 2000));
  compare(nn::Conv2d(6, 2000, 3), torch::nn::Conv2d(torch::nn::Conv2dOptions(6, 2000, 3)));
  compare(nn::ConvTranspose2d(2000, 6, 3),
          torch::nn::ConvTranspose2d(torch::nn::ConvTranspose2dOptions(2000, 6, 3)));
  compare(nn::Conv2d(2000, 2000, 5, {.groups = 1000}),
          torch::nn::Conv2d(torch::nn::Conv2dOptions(2000, 2000, 5).groups(1000)));
}

TEST_CASE("parity. the gap tells a wrong bound and a wrong shape of distribution") {
  const auto uniform = to_tinynn(torch::rand({5000})).to_vector();
  CHECK(gap(uniform, to_tinynn(torch::rand({5000})).to_vector()) < 1);
  CHECK(gap(uniform, to_tinynn(torch::rand({5000}) * 1.1).to_vector()) > 1);
  CHECK(gap(uniform, to_tinynn(torch::randn({5000}) * 0.29 + 0.5).to_vector()) > 1);
}
