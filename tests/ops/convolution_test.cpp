// Convolutions of sequences, and transposed ones, against their definitions; conv2d has its twin among the
// kernels.
#include <doctest/doctest.h>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/conv2d.hpp>
#include <tinynn/ops/conv_transpose2d.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/reduce.hpp>

#include "tests/ops/twin.hpp"
#include "tests/support/pool2d_sizes.hpp"

using namespace tinynn;
using test::Doubles;

TEST_CASE("ops. conv1d equals its twin, gradients included") {
  test::Draw draw(250);
  for (int i = 0; i < 80; ++i) {
    const int64_t groups = draw.coin() ? 1 : draw.between(2, 3), each = draw.between(1, 3),
                  made = draw.between(1, 3);
    const Conv1dOptions options{.stride = draw.between(1, 3),
                                .padding = draw.between(0, 3),
                                .dilation = draw.between(1, 2),
                                .groups = groups};
    const int64_t n = draw.between(0, 2), k = draw.between(1, 4), reach = options.dilation * (k - 1) + 1;
    const int64_t l = draw.between(std::max<int64_t>(1, reach - 2 * options.padding), 12), o = groups * made,
                  ol = (l + 2 * options.padding - reach) / options.stride + 1;
    CAPTURE(l);
    CAPTURE(k);
    CAPTURE(options.stride);
    CAPTURE(options.padding);
    CAPTURE(options.dilation);
    CAPTURE(groups);
    const auto twin = [&](const std::vector<Doubles>& in) {
      Doubles y;
      for (int64_t at = 0; at < n * o * ol; ++at) {
        const int64_t sample = at / ol / o, filter = at / ol % o;
        double sum = in[2][filter];
        for (int64_t c = 0; c < each; ++c) {
          for (int64_t p = 0; p < k; ++p) {
            const int64_t from = at % ol * options.stride - options.padding + p * options.dilation;
            if (from < 0 || from >= l) continue;
            sum += in[0][(sample * groups * each + filter / made * each + c) * l + from] *
                   in[1][(filter * each + c) * k + p];
          }
        }
        y.push_back(sum);
      }
      return y;
    };
    const std::vector<Tensor> inputs{draw.tensor({n, groups * each, l}), draw.tensor({o, each, k}),
                                     draw.tensor({o})};
    REQUIRE(conv1d(inputs[0], inputs[1], inputs[2], options).shape() == Shape{n, o, ol});
    REQUIRE(test::twin_difference(
                draw, inputs, [&](const auto& in) { return conv1d(in[0], in[1], in[2], options); }, twin) ==
            "");
  }
}

TEST_CASE("ops. conv_transpose2d equals its twin, gradients included") {
  test::Draw draw(251);
  for (int i = 0; i < 80;) {
    const int64_t groups = draw.coin() ? 1 : draw.between(2, 3), each = draw.between(1, 2),
                  made = draw.between(1, 2);
    const Size2 stride = test::draw_size2(draw, 1, 3), kernel = test::draw_size2(draw, 1, 3);
    const ConvTranspose2dOptions options{
        .stride = stride,
        .padding = {draw.between(0, 2), draw.between(0, 2), draw.between(0, 2), draw.between(0, 2)},
        .output_padding = {draw.between(0, stride.h - 1), draw.between(0, stride.w - 1)},
        .dilation = test::draw_size2(draw, 1, 2),
        .groups = groups};
    const int64_t n = draw.between(0, 2), h = draw.between(1, 4), w = draw.between(1, 4),
                  in_c = groups * each, o = groups * made;
    const int64_t oh = (h - 1) * stride.h - options.padding.h() + options.dilation.h * (kernel.h - 1) +
                       options.output_padding.h + 1,
                  ow = (w - 1) * stride.w - options.padding.w() + options.dilation.w * (kernel.w - 1) +
                       options.output_padding.w + 1;
    if (oh < 1 || ow < 1) continue;
    ++i;
    CAPTURE(stride);
    CAPTURE(kernel);
    CAPTURE(options.padding);
    CAPTURE(options.output_padding);
    CAPTURE(options.dilation);
    CAPTURE(groups);
    // Each pixel is stamped into the result, times the kernel.
    const auto twin = [&](const std::vector<Doubles>& in) {
      Doubles y(static_cast<size_t>(n * o * oh * ow));
      for (size_t at = 0; at < y.size(); ++at) y[at] = in[2][static_cast<int64_t>(at) / (oh * ow) % o];
      for (int64_t at = 0; at < n * in_c * h * w; ++at) {
        const int64_t sample = at / (w * h * in_c), c = at / (w * h) % in_c;
        for (int64_t j = 0; j < made; ++j) {
          for (int64_t p = 0; p < kernel.h * kernel.w; ++p) {
            const int64_t row =
                              at / w % h * stride.h - options.padding.top + p / kernel.w * options.dilation.h,
                          column =
                              at % w * stride.w - options.padding.left + p % kernel.w * options.dilation.w;
            if (row < 0 || row >= oh || column < 0 || column >= ow) continue;
            y[((sample * o + c / each * made + j) * oh + row) * ow + column] +=
                in[0][at] * in[1][(c * made + j) * kernel.h * kernel.w + p];
          }
        }
      }
      return y;
    };
    const std::vector<Tensor> inputs{draw.tensor({n, in_c, h, w}),
                                     draw.tensor({in_c, made, kernel.h, kernel.w}), draw.tensor({o})};
    REQUIRE(conv_transpose2d(inputs[0], inputs[1], inputs[2], options).shape() == Shape{n, o, oh, ow});
    REQUIRE(test::twin_difference(
                draw, inputs, [&](const auto& in) { return conv_transpose2d(in[0], in[1], in[2], options); },
                twin) == "");
  }
}

TEST_CASE("ops. a masked conv1d trains by the sparse kernels to the same weights") {
  test::Draw draw(252);
  const Tensor x = draw.tensor({3, 8, 30}), weight = draw.tensor({6, 8, 5});
  Parameter masked(weight.clone());
  masked.prune(draw.mask(weight.shape(), 0.1));
  REQUIRE(masked.sparse_pattern(kernels::sparse_conv2d_density) != nullptr);
  Tensor dense = masked.detach().clone();
  dense.set_requires_grad();
  const Tensor y = conv1d(x, masked, {}, {.padding = 2}), twin = conv1d(x, dense, {}, {.padding = 2});
  CHECK(test::difference(y.values(), twin.values(), 1e-5) == "");
  sum(y * y).backward();
  sum(twin * twin).backward();
  Tensor expected = dense.grad().clone();
  masked.mask().select(expected.mutable_data());
  CHECK(test::difference(masked.grad().values(), expected.values(), 1e-5) == "");
}

TEST_CASE("ops. convolutions and pools of sequences name what does not fit") {
  using test::error_of;
  CHECK(error_of([] {
          conv1d(ones({1, 2, 3, 4}), ones({2, 2, 3}));
        }) == "conv1d: input (1, 2, 3, 4) is not (n, c, l)");
  CHECK(error_of([] {
          conv1d(ones({1, 2, 3}), ones({2, 2, 3, 3}));
        }) == "conv1d: weight (2, 2, 3, 3) is not (o, c/groups, k)");
  CHECK(error_of([] {
          conv1d(ones({1, 2, 3}), ones({2, 2, 3}), {}, {.stride = 0, .padding = 2});
        }) == "conv1d: stride 0, padding 2, dilation 1, groups 1: expected at least 1, 0, 1, 1");
  CHECK(error_of([] {
          conv1d(ones({1, 3, 9}), ones({2, 2, 3}));
        }) == "conv1d: input (1, 3, 9) does not fit weight (2, 2, 3) with 1 groups");
  CHECK(error_of([] {
          conv1d(ones({1, 2, 2}), ones({2, 2, 3}));
        }) == "conv1d: the kernel of weight (2, 2, 3) is larger than the padded input (1, 2, 2)");
  CHECK(error_of([] {
          conv1d(ones({1, 2, 3}), ones({2, 2, 3}), ones({3}));
        }) == "conv1d: bias (3) does not fit weight (2, 2, 3): expected (2)");
  CHECK(error_of([] { max_pool1d(ones({2, 3}), 2); }) == "max_pool1d: input (2, 3) is not (n, c, l)");
  CHECK(error_of([] { avg_pool1d(ones({2, 3}), 2); }) == "avg_pool1d: input (2, 3) is not (n, c, l)");
  CHECK(error_of([] {
          adaptive_avg_pool1d(ones({2, 3}), 2);
        }) == "adaptive_avg_pool1d: input (2, 3) is not (n, c, l)");
}

TEST_CASE("ops. pools of sequences see windows of one row") {
  const Tensor x = tensor({1, 5, 2, 4, 3, 9}, {1, 1, 6});
  CHECK(max_pool1d(x, 2).to_vector() == std::vector<float>{5, 4, 9});
  CHECK(max_pool1d(x, 3, {.stride = 1, .padding = 1, .dilation = 2}).to_vector() ==
        std::vector<float>{5, 3, 9, 3});
  CHECK(avg_pool1d(x, 2, {.stride = 4}).to_vector() == std::vector<float>{3, 6});
  CHECK(avg_pool1d(x, 2, {.padding = 1}).to_vector() == std::vector<float>{0.5, 3.5, 3.5, 4.5});
  CHECK(avg_pool1d(x, 2, {.padding = 1, .count_include_pad = false}).to_vector() ==
        std::vector<float>{1, 3.5, 3.5, 9});
  CHECK(adaptive_avg_pool1d(x, 1).to_vector() == std::vector<float>{4});
  CHECK(adaptive_avg_pool1d(x, 3).shape() == Shape{1, 1, 3});
}
