#include <cmath>
#include <numbers>
#include <utility>

#include <tinynn/core/error.hpp>
#include <tinynn/data/transform.hpp>

namespace tinynn::data {
namespace {

// Writes pixel `out` of every channel: the value at (x, y) between the four pixels around it, of which those
// outside the image are `fill`.
void bilinear(const Image& image, double x, double y, const Fill& fill, Image& result, int64_t out) {
  const int64_t width = image.width, height = image.height, area = width * height;
  float* to = result.pixels.data() + out;
  // What is far outside, or not a number, could not be converted to an integer.
  if (!(x >= -1 && x < static_cast<double>(width) && y >= -1 && y < static_cast<double>(height))) {
    for (int64_t c = 0; c < image.channels; ++c) to[c * area] = fill.of(c);
    return;
  }
  // The conversion rounds towards zero, which is down for what is not negative.
  const int64_t x0 = static_cast<int64_t>(x + 1) - 1, y0 = static_cast<int64_t>(y + 1) - 1;
  const auto x_part = static_cast<float>(x - static_cast<double>(x0));
  const auto y_part = static_cast<float>(y - static_cast<double>(y0));
  const bool left = x0 >= 0, right = x0 + 1 < width, top = y0 >= 0, bottom = y0 + 1 < height;
  for (int64_t c = 0; c < image.channels; ++c) {
    const float* from = image.pixels.data();
    const int64_t corner = c * area + y0 * width + x0;  // may lie outside
    const float outside = fill.of(c);
    const float upper_left = top && left ? from[corner] : outside;
    const float upper_right = top && right ? from[corner + 1] : outside;
    const float lower_left = bottom && left ? from[corner + width] : outside;
    const float lower_right = bottom && right ? from[corner + width + 1] : outside;
    const float upper = (1 - x_part) * upper_left + x_part * upper_right;
    const float lower = (1 - x_part) * lower_left + x_part * lower_right;
    to[c * area] = (1 - y_part) * upper + y_part * lower;
  }
}

}  // namespace

Image affine(const Image& image, const AffineOptions& options) {
  check(options.scale > 0, "affine: scale is ", options.scale, ", expected above 0");
  const double radians = options.angle * std::numbers::pi / 180;
  const double cosine = std::cos(radians) / options.scale, sine = std::sin(radians) / options.scale;
  const double x_centre = static_cast<double>(image.width - 1) / 2;
  const double y_centre = static_cast<double>(image.height - 1) / 2;
  options.fill.check_fits("affine", image.channels);
  Image result(image.channels, image.height, image.width);
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t x = 0; x < image.width; ++x) {
      // Backwards: shift, then rotation and scale about the centre.
      const double dx = static_cast<double>(x) - x_centre - options.translate[0];
      const double dy = static_cast<double>(y) - y_centre - options.translate[1];
      const double from_x = cosine * dx + sine * dy + x_centre;
      const double from_y = -sine * dx + cosine * dy + y_centre;
      bilinear(image, from_x, from_y, options.fill, result, y * image.width + x);
    }
  }
  return result;
}

Transform random_affine(const RandomAffineOptions& options) {
  check(options.degrees >= 0, "random_affine: degrees is ", options.degrees, ", expected at least 0");
  for (const double fraction : options.translate) {
    check(fraction >= 0 && fraction <= 1, "random_affine: translate is ", fraction, ", expected 0 to 1");
  }
  const auto [smallest, largest] = options.scale;
  check(smallest > 0 && smallest <= largest, "random_affine: scale is ", smallest, " to ", largest,
        ", expected two ascending numbers above 0");
  return [=](const Image& image, Generator& generator) {
    const auto symmetric = [&](double limit) { return generator.uniform(-limit, limit); };
    AffineOptions drawn{.fill = options.fill};
    drawn.angle = symmetric(options.degrees);
    drawn.translate[0] = std::round(symmetric(options.translate[0] * static_cast<double>(image.width)));
    drawn.translate[1] = std::round(symmetric(options.translate[1] * static_cast<double>(image.height)));
    drawn.scale = generator.uniform(options.scale[0], options.scale[1]);
    return affine(image, drawn);
  };
}

}  // namespace tinynn::data
