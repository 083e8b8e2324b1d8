// What makes images larger, against its definition.
#include <doctest/doctest.h>

#include <tinynn/ops/pad.hpp>

#include "tests/ops/twin.hpp"
#include "tests/support/pool2d_sizes.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;
using test::Doubles;

TEST_CASE("ops. upsample_nearest equals its twin, gradients included") {
  test::Draw draw(240);
  for (int i = 0; i < 80; ++i) {
    const int64_t n = draw.between(0, 3), c = draw.between(1, 3), h = draw.between(1, 5),
                  w = draw.between(1, 6);
    const bool sequence = draw.chance(0.3);
    const Size2 scale = test::draw_size2(draw, 1, 4);
    const Shape shape = sequence ? Shape{n, c, w} : Shape{n, c, h, w};
    const int64_t rows = sequence ? 1 : h, each = sequence ? 1 : scale.h;
    CAPTURE(shape);
    CAPTURE(scale);
    const auto twin = [&](const std::vector<Doubles>& in) {
      Doubles y;
      for (int64_t plane = 0; plane < n * c; ++plane) {
        for (int64_t r = 0; r < rows * each; ++r) {
          for (int64_t k = 0; k < w * scale.w; ++k) {
            y.push_back(in[0][(plane * rows + r / each) * w + k / scale.w]);
          }
        }
      }
      return y;
    };
    const Tensor x = draw.tensor(shape);
    REQUIRE(upsample_nearest(x, scale).shape() ==
            (sequence ? Shape{n, c, w * scale.w} : Shape{n, c, h * scale.h, w * scale.w}));
    REQUIRE(test::twin_difference(
                draw, {x}, [&](const auto& in) { return upsample_nearest(in[0], scale); }, twin) == "");
  }
}

TEST_CASE("ops. upsample_nearest gives the same bits with any number of threads") {
  test::Draw draw(241);
  Tensor x = draw.tensor({5, 20, 17, 23});
  x.set_requires_grad();
  const Tensor grad = draw.tensor({5, 20, 34, 69});
  const auto run = [&] {
    x.zero_grad();
    const Tensor y = upsample_nearest(x, {2, 3});
    y.backward(grad);
    return x.grad().to_vector();
  };
  CHECK(test::bit_difference(test::with_threads(3, run), test::with_threads(1, run)) == "");
}

TEST_CASE("ops. pad equals its twin, gradients included") {
  test::Draw draw(242);
  for (int i = 0; i < 100; ++i) {
    const Shape shape = draw.shape(4, 4);
    const int64_t rank = shape.rank();
    std::vector<int64_t> pads(static_cast<size_t>(2 * draw.between(0, rank)));
    for (int64_t& p : pads) p = draw.between(0, 2);
    const double value = draw.coin() ? 0 : draw.fraction();
    std::vector<int64_t> sizes(shape.begin(), shape.end()), first(sizes.size());
    for (size_t k = 0; k < pads.size(); k += 2) {
      first[sizes.size() - 1 - k / 2] = pads[k];
      sizes[sizes.size() - 1 - k / 2] += pads[k] + pads[k + 1];
    }
    const Shape larger(sizes);
    const auto twin = [&](const std::vector<Doubles>& in) {
      Doubles y;
      for (int64_t j = 0; j < larger.numel(); ++j) {
        bool inside = true;
        int64_t from = 0;
        for (int64_t d = 0; d < rank; ++d) {
          const int64_t at = j / larger.inner(d) % larger[d] - first[d];
          inside = inside && at >= 0 && at < shape[d];
          from += at * shape.inner(d);
        }
        y.push_back(inside ? in[0][from] : value);
      }
      return y;
    };
    CAPTURE(shape);
    CAPTURE(larger);
    const Tensor x = draw.tensor(shape);
    REQUIRE(pad(x, pads, value).shape() == larger);
    REQUIRE(test::twin_difference(
                draw, {x}, [&](const auto& in) { return pad(in[0], pads, value); }, twin) == "");
  }
}

TEST_CASE("ops. pad names what does not fit") {
  const auto error = [](const std::vector<int64_t>& pads) {
    return test::error_of([&] { pad(ones({2, 3}), pads); });
  };
  CHECK(error({1}) == "pad: 1 numbers for (2, 3), expected two for each dimension that is padded");
  CHECK(error({1, 1, 1, 1, 1, 1}) ==
        "pad: 6 numbers for (2, 3), expected two for each dimension that is padded");
  CHECK(error({0, -1}) == "pad: -1 elements, expected 0 to 2^24");
  CHECK(error({0, 1 << 25}) == "pad: 33554432 elements, expected 0 to 2^24");
}

TEST_CASE("ops. upsample_nearest names what does not fit") {
  CHECK(test::error_of([] {
          upsample_nearest(ones({2, 3}), 2);
        }) == "upsample_nearest: input (2, 3) is not (n, c, h, w) or (n, c, l)");
  CHECK(test::error_of([] {
          upsample_nearest(ones({1, 1, 2, 2}), {1, 0});
        }) == "upsample_nearest: scale {1, 0}, expected 1 to 2^24");
  CHECK(test::error_of([] {
          upsample_nearest(ones({1, 1, 2, 2}), {1 << 25, 1});
        }) == "upsample_nearest: scale {33554432, 1}, expected 1 to 2^24");
}
