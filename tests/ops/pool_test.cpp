// Average and adaptive pooling against their definitions; max_pool2d has its twin among the kernels.
#include <algorithm>
#include <array>

#include <doctest/doctest.h>

#include <tinynn/ops/pool.hpp>

#include "tests/ops/twin.hpp"
#include "tests/support/pool2d_sizes.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;

namespace {

using Window = std::array<int64_t, 4>;  // rows [0, 1), columns [2, 3)

// The mean over one window per output; pixels outside the image are 0, and divide only if they count.
test::Doubles naive_means(const test::Doubles& x, const Shape& shape, const std::vector<Window>& windows,
                          bool count_outside) {
  const int64_t h = shape[2], w = shape[3];
  test::Doubles y;
  for (int64_t plane = 0; plane < shape[0] * shape[1]; ++plane) {
    for (const auto& [top, bottom, left, right] : windows) {
      double sum = 0, count = 0;
      for (int64_t r = top; r < bottom; ++r) {
        for (int64_t c = left; c < right; ++c) {
          const bool inside = r >= 0 && r < h && c >= 0 && c < w;
          if (inside) sum += x[(plane * h + r) * w + c];
          if (inside || count_outside) count += 1;
        }
      }
      y.push_back(sum / count);
    }
  }
  return y;
}

test::Doubles naive_maxima(const test::Doubles& x, const Shape& shape, const std::vector<Window>& windows) {
  test::Doubles y;
  for (int64_t plane = 0; plane < shape[0] * shape[1]; ++plane) {
    for (const auto& [top, bottom, left, right] : windows) {
      double largest = x[(plane * shape[2] + top) * shape[3] + left];
      for (int64_t r = top; r < bottom; ++r) {
        for (int64_t c = left; c < right; ++c) {
          largest = std::max(largest, x[(plane * shape[2] + r) * shape[3] + c]);
        }
      }
      y.push_back(largest);
    }
  }
  return y;
}

std::vector<Window> adaptive_windows(const Shape& shape, int64_t oh, int64_t ow) {
  const auto floor_of = [](int64_t a, int64_t b) { return a / b; };
  const auto ceil_of = [](int64_t a, int64_t b) { return a / b + (a % b != 0); };
  std::vector<Window> windows;
  for (int64_t r = 0; r < oh; ++r) {
    for (int64_t c = 0; c < ow; ++c) {
      windows.push_back({floor_of(r * shape[2], oh), ceil_of((r + 1) * shape[2], oh),
                         floor_of(c * shape[3], ow), ceil_of((c + 1) * shape[3], ow)});
    }
  }
  return windows;
}

Shape draw_images(test::Draw& draw) {
  return {draw.between(0, 3), draw.between(1, 3), draw.between(1, 9), draw.between(1, 9)};
}

}  // namespace

TEST_CASE("ops. avg_pool2d equals its twin, gradients included") {
  test::Draw draw(230);
  for (int i = 0; i < 80;) {
    const Shape shape = draw_images(draw);
    const Size2 kernel = test::draw_size2(draw, 1, 4), stride = test::draw_size2(draw, 0, 4);
    const Padding2d padding = test::draw_pool_padding(draw, kernel);
    if (shape[2] + padding.h() < kernel.h || shape[3] + padding.w() < kernel.w) continue;
    ++i;
    const bool count_include_pad = draw.coin();
    CAPTURE(shape);
    CAPTURE(kernel);
    CAPTURE(stride);
    CAPTURE(padding);
    std::vector<Window> windows;
    const Size2 step{stride.h == 0 ? kernel.h : stride.h, stride.w == 0 ? kernel.w : stride.w};
    for (int64_t r = -padding.top; r + kernel.h <= shape[2] + padding.bottom; r += step.h) {
      for (int64_t c = -padding.left; c + kernel.w <= shape[3] + padding.right; c += step.w) {
        windows.push_back({r, r + kernel.h, c, c + kernel.w});
      }
    }
    CHECK(test::twin_difference(
              draw, {draw.tensor(shape)},
              [&](const std::vector<Tensor>& in) {
                return avg_pool2d(
                    in[0], kernel,
                    {.stride = stride, .padding = padding, .count_include_pad = count_include_pad});
              },
              [&](const std::vector<test::Doubles>& in) {
                return naive_means(in[0], shape, windows, count_include_pad);
              }) == "");
  }
}

TEST_CASE("ops. adaptive pooling equals its twins, gradients included") {
  test::Draw draw(231);
  for (int i = 0; i < 80; ++i) {
    const Shape shape = draw_images(draw);
    const int64_t oh = draw.between(1, 11), ow = draw.between(1, 11);  // more than there are pixels, too
    CAPTURE(shape);
    CAPTURE(oh);
    CAPTURE(ow);
    const auto windows = adaptive_windows(shape, oh, ow);
    using Inputs = const std::vector<Tensor>&;
    using Numbers = const std::vector<test::Doubles>&;
    CHECK(test::twin_difference(
              draw, {draw.tensor(shape)},
              [&](Inputs in) {
                return adaptive_avg_pool2d(in[0], {oh, ow});
              },
              [&](Numbers in) { return naive_means(in[0], shape, windows, false); }) == "");
    CHECK(test::twin_difference(
              draw, {draw.tensor(shape)},
              [&](Inputs in) {
                return adaptive_max_pool2d(in[0], {oh, ow});
              },
              [&](Numbers in) { return naive_maxima(in[0], shape, windows); }) == "");
  }
}

TEST_CASE("ops. adaptive_max_pool2d gives NaN where there is one, and the gradient to the first of a tie") {
  Tensor x = tensor({1, 3, 3, test::not_a_number, 2, -test::infinity, -test::infinity, -test::infinity},
                    {1, 2, 2, 2});
  x.set_requires_grad();
  const Tensor y = adaptive_max_pool2d(x, {1, 1});
  CHECK(std::isnan(y.values()[0]));
  CHECK(y.values()[1] == 2);
  y.backward(tensor({5, 7}, {1, 2, 1, 1}));
  CHECK(x.grad().to_vector() == std::vector<float>{0, 0, 0, 5, 7, 0, 0, 0});
  Tensor tie = tensor({1, 3, 3, 2}, {1, 1, 2, 2});
  tie.set_requires_grad();
  adaptive_max_pool2d(tie, {1, 1}).backward(ones({1, 1, 1, 1}));
  CHECK(tie.grad().to_vector() == std::vector<float>{0, 1, 0, 0});
}

TEST_CASE("ops. average and adaptive pooling name what does not fit") {
  CHECK(test::error_of([] {
          avg_pool2d(ones({2, 3, 4}), 2);
        }) == "avg_pool2d: input (2, 3, 4) is not (n, c, h, w)");
  CHECK(test::error_of([] {
          avg_pool2d(ones({1, 1, 2, 5}), 3);
        }) == "avg_pool2d: a window of 3 is larger than the padded input (1, 1, 2, 5)");
  CHECK(test::error_of([] {
          avg_pool2d(ones({1, 1, 4, 4}), 2, {.padding = 2});
        }) == "avg_pool2d: padding 2 must lie between 0 and half the kernel, 2");
  CHECK(test::error_of([] {
          avg_pool2d(ones({1, 1, 4, 4}), 2, {.stride = -1});
        }) == "avg_pool2d: kernel 2 and stride -1 must be at least 1");
  CHECK(test::error_of([] {
          adaptive_avg_pool2d(ones({1, 1, 4, 4}), {1, 0});
        }) == "adaptive_avg_pool2d: the output size 1 x 0 must be at least 1 x 1");
  CHECK(test::error_of([] {
          adaptive_avg_pool2d(ones({1, 1, 0, 4}), {1, 1});
        }) == "adaptive_avg_pool2d: input (1, 1, 0, 4) has no pixels");
  CHECK(test::error_of([] {
          adaptive_max_pool2d(ones({1, 4, 4}), {1, 1});
        }) == "adaptive_max_pool2d: input (1, 4, 4) is not (n, c, h, w)");
  CHECK(test::error_of([] {
          adaptive_max_pool2d(ones({1, 1, 4, 4}), {0, 2});
        }) == "adaptive_max_pool2d: the output size 0 x 2 must be at least 1 x 1");
}

TEST_CASE("ops. average pooling gives the same bits with any number of threads") {
  test::Draw draw(232);
  Tensor x = draw.tensor({9, 30, 17, 13});
  x.set_requires_grad();
  const auto run = [&] {
    x.zero_grad();
    const Tensor y = avg_pool2d(x, 3, {.stride = 2, .padding = 1});
    y.backward(y.detach());
    return x.grad().to_vector();
  };
  CHECK(test::bit_difference(test::with_threads(3, run), test::with_threads(1, run)) == "");
}
