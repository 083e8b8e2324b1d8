#include <cmath>
#include <numbers>
#include <numeric>
#include <set>

#include <doctest/doctest.h>

#include <tinynn/data/data_loader.hpp>
#include <tinynn/data/transform.hpp>

#include "tests/data/fixtures.hpp"

using namespace tinynn;
using namespace tinynn::data;
using fixtures::error_of;
using fixtures::sample;

namespace {

Generator generator(uint64_t call = 0) { return Generator(RandomStream(1, call)); }

// Pixels 1, 2, 3 ...
Image counting(int64_t c, int64_t h, int64_t w) {
  Image image(c, h, w);
  std::iota(image.pixels.begin(), image.pixels.end(), 1.0F);
  return image;
}

Image run(const Transform& transform, const Image& image, Generator d = generator()) {
  return transform(image, d);
}

float pixel_or(const Image& image, int64_t c, int64_t y, int64_t x, float fill) {
  const bool inside = y >= 0 && y < image.height && x >= 0 && x < image.width;
  return inside ? image.pixels[(c * image.height + y) * image.width + x] : fill;
}

// By the book: every pixel of the result is a sum over all pixels, weighted by the triangle function.
Image naive_affine(const Image& image, const AffineOptions& o) {
  Image result(image.channels, image.height, image.width);
  const double a = o.angle * std::numbers::pi / 180;
  // Forwards: p' = centre + shift + M (p - centre); solved for p with Cramer's rule.
  const double m00 = o.scale * std::cos(a), m01 = -o.scale * std::sin(a);
  const double m10 = o.scale * std::sin(a), m11 = o.scale * std::cos(a);
  const double det = m00 * m11 - m01 * m10;
  const double cx = static_cast<double>(image.width) / 2 - 0.5,
               cy = static_cast<double>(image.height) / 2 - 0.5;
  for (int64_t c = 0; c < image.channels; ++c) {
    for (int64_t y = 0; y < image.height; ++y) {
      for (int64_t x = 0; x < image.width; ++x) {
        const double u = static_cast<double>(x) - cx - o.translate[0],
                     v = static_cast<double>(y) - cy - o.translate[1];
        const double px = cx + (m11 * u - m01 * v) / det, py = cy + (m00 * v - m10 * u) / det;
        double sum = 0;
        for (int64_t yy = -20; yy < image.height + 20; ++yy) {
          for (int64_t xx = -20; xx < image.width + 20; ++xx) {
            const double weight = std::max(0.0, 1 - std::abs(px - static_cast<double>(xx))) *
                                  std::max(0.0, 1 - std::abs(py - static_cast<double>(yy)));
            sum += weight * pixel_or(image, c, yy, xx, o.fill.of(c));
          }
        }
        result.row(c, y)[x] = static_cast<float>(sum);
      }
    }
  }
  return result;
}

void check_close(const Image& a, const Image& b) {
  REQUIRE(a.shape() == b.shape());
  double difference = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) {
    difference = std::max(difference, std::abs(double{a.pixels[i]} - double{b.pixels[i]}));
  }
  CHECK(difference < 1e-3);
}

DatasetPtr images(int64_t count, const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(count * shape.numel()));
  std::iota(values.begin(), values.end(), 0.0F);
  std::vector<int64_t> sizes{count};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  return std::make_shared<TensorDataset>(tensor(values, Shape(sizes)),
                                         Labels(std::vector<int64_t>(static_cast<size_t>(count), 3)));
}

}  // namespace

TEST_CASE("data. transformed images keep their own targets") {
  const auto pairs = std::make_shared<TensorDataset>(rand({3, 1, 2, 2}), tensor({1, 2, 3, 4, 5, 6}, {3, 2}));
  const auto flipped = transformed(pairs, {random_horizontal_flip(1)});
  REQUIRE(flipped->target_shape() == Shape{2});
  float target[2];
  Generator of_sample = generator();
  flipped->get_target(1, of_sample, target);
  CHECK((target[0] == 3 && target[1] == 4));
}

TEST_CASE("data. pad surrounds an image") {
  const Image image = counting(2, 3, 4), padded = run(pad(2, -1), image);
  REQUIRE(padded.shape() == Shape{2, 7, 8});
  for (int64_t c = 0; c < 2; ++c) {
    for (int64_t y = 0; y < 7; ++y) {
      for (int64_t x = 0; x < 8; ++x) CHECK(padded.row(c, y)[x] == pixel_or(image, c, y - 2, x - 2, -1));
    }
  }
  CHECK(run(pad(0), image).pixels == image.pixels);
  CHECK(run(pad(1), image).pixels[0] == 0);
}

TEST_CASE("data. random_crop cuts from every place, and from no other") {
  const Image image = counting(2, 5, 6);
  const auto crop = random_crop({4, 3}, {.padding = 1, .fill = {-1, -2}});
  std::set<std::pair<int64_t, int64_t>> places;
  for (uint64_t call = 0; call < 400; ++call) {
    const Image cut = run(crop, image, generator(call));
    REQUIRE(cut.shape() == Shape{2, 4, 3});
    Generator same = generator(call);
    const int64_t top = same.below(5 + 2 - 4 + 1) - 1, left = same.below(6 + 2 - 3 + 1) - 1;
    places.emplace(top, left);
    bool equal = true;
    for (int64_t c = 0; c < 2; ++c) {
      for (int64_t y = 0; y < 4; ++y) {
        for (int64_t x = 0; x < 3; ++x) {
          const auto outside = static_cast<float>(-1 - c);
          equal = equal && cut.row(c, y)[x] == pixel_or(image, c, y + top, x + left, outside);
        }
      }
    }
    CHECK(equal);
  }
  CHECK(places.size() == 4 * 6);
  CHECK(run(random_crop(5), counting(1, 5, 5)).pixels == counting(1, 5, 5).pixels);
  CHECK(error_of([&] { run(random_crop(6), image); }) ==
        "random_crop: cannot cut 6 x 6 from an image (2, 5, 6) with padding 0");
}

TEST_CASE("data. random_crop may cut from the padding alone") {
  for (uint64_t call = 0; call < 100; ++call) {
    const Image cut = run(random_crop(1, {.padding = 3, .fill = 7}), counting(1, 1, 1), generator(call));
    CHECK((cut.pixels[0] == 7 || cut.pixels[0] == 1));
  }
}

TEST_CASE("data. random_horizontal_flip mirrors as often as it should") {
  const Image image = counting(2, 2, 3);
  CHECK(run(random_horizontal_flip(1), image).pixels ==
        std::vector<float>{3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10});
  CHECK(run(random_horizontal_flip(0), image).pixels == image.pixels);
  int flipped = 0;
  for (uint64_t call = 0; call < 1000; ++call) {
    flipped += run(random_horizontal_flip(), image, generator(call)).pixels != image.pixels;
  }
  CHECK(flipped > 440);
  CHECK(flipped < 560);
}

TEST_CASE("data. random_dropout takes each number with the same probability, and no other") {
  constexpr int64_t tries = 4000;
  const Image image = counting(2, 3, 5);
  for (const double p : {0.1, 0.5, 0.9}) {
    CAPTURE(p);
    const Transform dropout = random_dropout(p, {-1, -2});
    std::vector<int64_t> taken(30), both(30);  // both: with the number before it
    for (int64_t call = 0; call < tries; ++call) {
      const Image result = run(dropout, image, generator(static_cast<uint64_t>(call)));
      bool last = false;
      for (size_t i = 0; i < 30; ++i) {
        const bool gone = result.pixels[i] != image.pixels[i];
        if (gone) CHECK(result.pixels[i] == (i < 15 ? -1 : -2));
        taken[i] += gone;
        both[i] += gone && last;
        last = gone;
      }
    }
    // Five standard deviations.
    const auto close = [&](int64_t count, double q) {
      const double expected = q * tries;
      return std::abs(static_cast<double>(count) - expected) < 5 * std::sqrt(expected * (1 - q));
    };
    for (size_t i = 0; i < 30; ++i) {
      CAPTURE(i);
      CHECK(close(taken[i], p));
      if (i > 0) CHECK(close(both[i], p * p));
    }
  }
  CHECK(run(random_dropout(0), image).pixels == image.pixels);
  CHECK(run(random_dropout(1, {7}), image).pixels == std::vector<float>(30, 7));
  CHECK(error_of([] { random_dropout(1.5); }) == "random_dropout: p is 1.5, expected 0 to 1");
  CHECK(error_of([&] {
          run(random_dropout(0.5, {1, 2, 3}), image);
        }) == "random_dropout: 3 numbers to fill with, for 2 channels");
}

TEST_CASE("data. to_grey weighs the colours as torchvision does") {
  Image image(3, 1, 2);
  image.pixels = {1, 0.5F, 0, 0.25F, 0, -2};
  const Image grey = run(to_grey(), image);
  CHECK(grey.shape() == Shape{1, 1, 2});
  CHECK(grey.pixels[0] == doctest::Approx(0.2989));
  CHECK(grey.pixels[1] == doctest::Approx(0.2989 * 0.5 + 0.587 * 0.25 - 2 * 0.114));
  CHECK(run(to_grey(), counting(1, 2, 2)).pixels == counting(1, 2, 2).pixels);
  CHECK(error_of([] { run(to_grey(), Image(2, 1, 1)); }) ==
        "to_grey: an image (2, 1, 1), expected one or three channels");
}

TEST_CASE("data. affine without change, with whole shifts and with right angles moves pixels exactly") {
  const Image image = counting(2, 3, 3);
  CHECK(affine(image, {}).pixels == image.pixels);
  CHECK(affine(counting(1, 2, 3), {.translate = {1, -1}, .fill = -1}).pixels ==
        std::vector<float>{-1, 4, 5, -1, -1, -1});
  // Clockwise, as in torchvision: the first column, upwards, becomes the first row.
  const Image turned = affine(counting(1, 3, 3), {.angle = 90});
  const std::vector<float> expected{7, 4, 1, 8, 5, 2, 9, 6, 3};
  for (size_t i = 0; i < expected.size(); ++i) CHECK(turned.pixels[i] == doctest::Approx(expected[i]));
  CHECK(affine(image, {.translate = {1e300, 0}, .fill = 5}).pixels == std::vector<float>(18, 5));
}

TEST_CASE("data. affine equals a naive computation") {
  const Image image = counting(2, 6, 9);
  check_close(affine(image, {.angle = 30}), naive_affine(image, {.angle = 30}));
  check_close(affine(image, {.scale = 0.6, .fill = 4}), naive_affine(image, {.scale = 0.6, .fill = 4}));
  check_close(affine(image, {.translate = {0.25, -1.5}, .fill = -3}),
              naive_affine(image, {.translate = {0.25, -1.5}, .fill = -3}));
  const AffineOptions all{.angle = -77, .translate = {2.5, 1}, .scale = 1.7, .fill = {9, -8}};
  check_close(affine(image, all), naive_affine(image, all));
}

TEST_CASE("data. random_affine draws angle, shift and scale in that order") {
  const Image image = counting(1, 10, 20);
  const auto transform =
      random_affine({.degrees = 15, .translate = {0.1, 0.3}, .scale = {0.8, 1.2}, .fill = 1});
  std::set<double> shifts;
  for (uint64_t call = 0; call < 50; ++call) {
    Generator same = generator(call);
    AffineOptions drawn{.angle = same.uniform(-15, 15), .fill = 1};
    drawn.translate = {std::round(same.uniform(-2, 2)), std::round(same.uniform(-3, 3))};
    drawn.scale = same.uniform(0.8, 1.2);
    shifts.insert(drawn.translate[1]);
    CHECK(run(transform, image, generator(call)).pixels == affine(image, drawn).pixels);
  }
  CHECK(shifts.size() == 7);
  CHECK(run(random_affine({}), image).pixels == image.pixels);
}

TEST_CASE("data. transforms refuse settings that make no sense") {
  CHECK(error_of([] { pad(-1); }) == "pad: padding is -1, expected at least 0");
  CHECK(error_of([] { random_crop(0); }) == "random_crop: size is 0, expected at least 1");
  CHECK(error_of([] { random_crop(1, {.padding = -1}); }) ==
        "random_crop: padding is -1, expected 0 to 16777216");
  CHECK(error_of([] { random_horizontal_flip(1.5); }) == "random_horizontal_flip: p is 1.5, expected 0 to 1");
  CHECK(error_of([] { random_affine({.degrees = -1}); }) ==
        "random_affine: degrees is -1, expected at least 0");
  CHECK(error_of([] {
          random_affine({.translate = {0, 2}});
        }) == "random_affine: translate is 2, expected 0 to 1");
  CHECK(error_of([] {
          random_affine({.scale = {1, 0.5}});
        }) == "random_affine: scale is 1 to 0.5, expected two ascending numbers above 0");
  CHECK(error_of([] { affine(Image(1, 1, 1), {.scale = 0}); }) == "affine: scale is 0, expected above 0");
}

TEST_CASE("data. a transformed dataset has the shape and the images that its transforms make") {
  const auto grey = transformed(images(4, {3, 2, 2}), {to_grey(), pad(1)});
  CHECK(grey->size() == 4);
  CHECK(grey->classes() == 4);
  CHECK(grey->sample_shape() == Shape{1, 4, 4});
  const auto [pixels, label] = sample(*grey, 1);
  CHECK(label == 3);
  CHECK(pixels[0] == 0);
  CHECK(pixels[5] == doctest::Approx(12 * 0.2989 + 16 * 0.587 + 20 * 0.114));
  CHECK(sample(*transformed(images(4, {3, 2, 2}), {}), 1) == sample(*images(4, {3, 2, 2}), 1));
}

TEST_CASE("data. a transformed dataset refuses what cannot be transformed") {
  CHECK(error_of([] { transformed(images(2, {5}), {}); }) ==
        "transformed: samples of shape (5), expected images (channels, height, width)");
  CHECK(error_of([] { transformed(nullptr, {}); }) == "transformed: no dataset");
  CHECK(error_of([] {
          transformed(images(2, {1, 2, 2}), {random_crop(3)});
        }) == "random_crop: cannot cut 3 x 3 from an image (1, 2, 2) with padding 0");
  const auto moody = transformed(images(2, {1, 2, 2}), {[](const Image& image, Generator&) {
                                   return image.pixels[0] > 3 ? Image(1, 1, 1) : image;
                                 }});
  CHECK(error_of([&] { sample(*moody, 1); }) == "transformed: sample 1 became (1, 1, 1), expected (1, 2, 2)");
}

TEST_CASE("data. augmentation depends on seed, epoch and sample alone") {
  const auto dataset = transformed(transformed(images(20, {1, 4, 4}), {random_crop(4, {.padding = 2})}),
                                   {random_horizontal_flip(), random_affine({.degrees = 20})});
  const auto by_sample = [&](const DataLoaderOptions& options, int64_t epoch) {
    // The pixels that sample i turned into; unshuffled, so that sample and place agree.
    DataLoader loader(dataset, options);
    loader.set_epoch(epoch);
    std::vector<float> pixels;
    for (auto& [batch, labels] : loader) {
      pixels.insert(pixels.end(), batch.values().begin(), batch.values().end());
    }
    return pixels;
  };
  const auto expected = by_sample({.batch_size = 20, .prefetch = false, .seed = 1}, 0);
  CHECK(by_sample({.batch_size = 3, .prefetch = true, .seed = 1}, 0) == expected);
  CHECK(by_sample({.batch_size = 3, .seed = 1}, 1) != expected);
  CHECK(by_sample({.batch_size = 3, .seed = 2}, 0) != expected);
  CHECK(by_sample({.batch_size = 3, .seed = 1}, 1) == by_sample({.batch_size = 20, .seed = 1}, 1));
}
