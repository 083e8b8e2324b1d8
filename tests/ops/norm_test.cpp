// batch_norm against its twin, its running statistics, and what it refuses.
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/ops/norm.hpp>

#include "tests/ops/twin.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;

namespace {

// (n, c), (n, c, l) or (n, c, h, w) with more than one value per channel.
Shape draw_shape(test::Draw& draw) {
  while (true) {
    std::vector<int64_t> sizes{draw.between(1, 5), draw.between(1, 20)};
    const int64_t more = draw.between(0, 2);
    for (int64_t i = 0; i < more; ++i) sizes.push_back(draw.between(1, 5));
    const Shape shape(sizes);
    if (shape.numel() > shape[1]) return shape;
  }
}

struct Statistics {
  test::Doubles mean, variance;  // biased
};

Statistics statistics_of(const test::Doubles& x, const Shape& shape) {
  const auto channels = static_cast<size_t>(shape[1]), inner = static_cast<size_t>(shape.inner(1));
  const double count = static_cast<double>(shape.numel()) / static_cast<double>(channels);
  Statistics s{test::Doubles(channels), test::Doubles(channels)};
  for (size_t i = 0; i < x.size(); ++i) s.mean[i / inner % channels] += x[i] / count;
  for (size_t i = 0; i < x.size(); ++i) {
    s.variance[i / inner % channels] += std::pow(x[i] - s.mean[i / inner % channels], 2) / count;
  }
  return s;
}

test::Doubles normalised(const std::vector<test::Doubles>& in, const Shape& shape, const Statistics& s,
                         double eps) {
  const auto channels = static_cast<size_t>(shape[1]), inner = static_cast<size_t>(shape.inner(1));
  test::Doubles y;
  for (size_t i = 0; i < in[0].size(); ++i) {
    const size_t c = i / inner % channels;
    const double unit = (in[0][i] - s.mean[c]) / std::sqrt(s.variance[c] + eps);
    y.push_back(in.size() > 1 ? unit * in[1][c] + in[2][c] : unit);
  }
  return y;
}

}  // namespace

TEST_CASE("ops. batch_norm in training equals its twin, gradients included") {
  test::Draw draw(200);
  for (int i = 0; i < 80; ++i) {
    const Shape shape = draw_shape(draw), per_channel{shape[1]};
    CAPTURE(shape);
    const double eps = draw.coin() ? 1e-5 : 0.1;
    std::vector<Tensor> inputs{draw.tensor(shape)};
    if (draw.coin()) inputs.insert(inputs.end(), {draw.tensor(per_channel), draw.tensor(per_channel)});
    // Two values a channel can lie so close that 1 / sqrt(variance) magnifies the rounding of float.
    const double tolerance = shape.numel() < 8 * shape[1] ? 5e-3 : 1e-4;
    CHECK(test::twin_difference(
              draw, inputs,
              [&](const std::vector<Tensor>& in) {
                return batch_norm(in[0], {}, {}, in.size() > 1 ? in[1] : Tensor(),
                                  in.size() > 1 ? in[2] : Tensor(), {.training = true, .eps = eps});
              },
              [&](const std::vector<test::Doubles>& in) {
                return normalised(in, shape, statistics_of(in[0], shape), eps);
              },
              tolerance) == "");
  }
}

TEST_CASE("ops. batch_norm in evaluation equals its twin, gradients included") {
  test::Draw draw(201);
  for (int i = 0; i < 60; ++i) {
    const Shape shape = draw_shape(draw), per_channel{shape[1]};
    CAPTURE(shape);
    const Tensor mean = draw.tensor(per_channel);
    Tensor variance = draw.tensor(per_channel);
    for (int64_t c = 0; c < shape[1]; ++c) variance.mutable_data()[c] += 1.1F;
    const auto mean_before = mean.to_vector(), variance_before = variance.to_vector();
    CHECK(test::twin_difference(
              draw, {draw.tensor(shape), draw.tensor(per_channel), draw.tensor(per_channel)},
              [&](const std::vector<Tensor>& in) { return batch_norm(in[0], mean, variance, in[1], in[2]); },
              [&](const std::vector<test::Doubles>& in) {
                return normalised(in, shape, {test::doubles(mean), test::doubles(variance)}, 1e-5);
              }) == "");
    CHECK(mean.to_vector() == mean_before);
    CHECK(variance.to_vector() == variance_before);
  }
}

TEST_CASE("ops. running statistics follow several batches, the variance by its unbiased estimate") {
  test::Draw draw(202);
  for (int i = 0; i < 50; ++i) {
    const Shape shape = draw_shape(draw);
    const int64_t channels = shape[1];
    const double momentum = draw.fraction(), count = static_cast<double>(shape.numel() / channels);
    Tensor mean = zeros({channels}), variance = ones({channels});
    test::Doubles expected_mean = test::doubles(mean), expected_variance = test::doubles(variance);
    for (int step = 0; step < 5; ++step) {
      const Tensor x = draw.tensor(shape);
      batch_norm(x, mean, variance, {}, {}, {.training = true, .momentum = momentum});
      const auto s = statistics_of(test::doubles(x), shape);
      for (size_t c = 0; c < s.mean.size(); ++c) {
        expected_mean[c] = (1 - momentum) * expected_mean[c] + momentum * s.mean[c];
        expected_variance[c] =
            (1 - momentum) * expected_variance[c] + momentum * s.variance[c] * count / (count - 1);
      }
    }
    CHECK(test::difference(mean.values(), expected_mean, 1e-6) == "");
    CHECK(test::difference(variance.values(), expected_variance, 1e-6) == "");
  }
}

TEST_CASE("ops. a large mean does not drown the variance") {
  test::Draw draw(203);
  Tensor x = draw.tensor({64, 3, 4, 4});
  for (int64_t i = 0; i < x.numel(); ++i) x.mutable_data()[i] += 1000;
  const Shape shape = x.shape();
  CHECK(test::difference(batch_norm(x, {}, {}, {}, {}, {.training = true}).values(),
                         normalised({test::doubles(x)}, shape, statistics_of(test::doubles(x), shape), 1e-5),
                         1e-3) == "");
}

TEST_CASE("ops. batch_norm of an empty batch leaves the running statistics alone") {
  Tensor mean = zeros({3}), variance = ones({3}), x = zeros({0, 3}), weight = ones({3});
  x.set_requires_grad();
  weight.set_requires_grad();
  const Tensor y = batch_norm(x, mean, variance, weight, {}, {.training = true});
  y.backward(zeros({0, 3}));
  CHECK(y.shape() == Shape{0, 3});
  CHECK(count_nonzero(mean) == 0);
  CHECK(variance.to_vector() == std::vector<float>{1, 1, 1});
  CHECK(count_nonzero(weight.grad()) == 0);
}

TEST_CASE("ops. batch_norm names what does not fit") {
  const auto text = [](const Tensor& x, const Tensor& mean, const Tensor& weight, bool training) {
    return test::error_of([&] { batch_norm(x, mean, mean, weight, {}, {.training = training}); });
  };
  const Tensor two = ones({2});
  CHECK(text(ones({1, 2}), two, {}, true) ==
        "batch_norm: Expected more than 1 value per channel when training, got input (1, 2)");
  CHECK(text(ones({1, 2, 1, 1}), two, {}, true) ==
        "batch_norm: Expected more than 1 value per channel when training, got input (1, 2, 1, 1)");
  CHECK(text(ones({1, 2}), two, {}, false) == "no error");
  CHECK(text(ones({2}), two, {}, false) == "batch_norm: input (2) is not (n, c), (n, c, l) or (n, c, h, w)");
  CHECK(text(ones({4, 3}), two, {}, false) ==
        "batch_norm: running mean (2) does not fit input (4, 3): expected (3)");
  CHECK(text(ones({4, 2}), two, ones({3}), true) ==
        "batch_norm: weight (3) does not fit input (4, 2): expected (2)");
  CHECK(text(ones({4, 2}), {}, {}, false) ==
        "batch_norm: needs both running statistics, or in training both or none");
  CHECK(two.to_vector() == std::vector<float>{1, 1});
}

TEST_CASE("ops. batch_norm gives the same bits with any number of threads") {
  test::Draw draw(204);
  Tensor x = draw.tensor({8, 40, 9, 9});
  const Tensor grad_y = draw.tensor(x.shape());
  x.set_requires_grad();
  const auto run = [&] {
    x.zero_grad();
    batch_norm(x, {}, {}, {}, {}, {.training = true}).backward(grad_y);
    return x.grad().to_vector();
  };
  const auto one = test::with_threads(1, run);
  for (int64_t threads : {2, 3}) CHECK(test::bit_difference(test::with_threads(threads, run), one) == "");
}
