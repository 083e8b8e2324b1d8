#include <algorithm>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/data/mnist_form.hpp>

namespace tinynn::data {
namespace {

// Calls look(y, x, pixel).
void for_each_pixel(const DecodedImage& image, const auto& look) {
  auto pixel = image.pixels.begin();
  for (int64_t y = 0; y < image.size.height; ++y) {
    for (int64_t x = 0; x < image.size.width; ++x) look(y, x, *pixel++);
  }
}

// In grey, light on dark, with a paper of 0 and strokes of up to 255.
DecodedImage read_light_on_dark(const std::filesystem::path& path) {
  DecodedImage image = read_image(path, 1);
  if (const auto [least, most] = std::ranges::minmax(image.pixels); most - least < 32)
    image = read_image(path, 1, {0, 0, 0});  // white on nothing
  int64_t border = 0, sum = 0;               // the margin tells the colour of the paper
  for_each_pixel(image, [&](int64_t y, int64_t x, uint8_t pixel) {
    if (y > 0 && y < image.size.height - 1 && x > 0 && x < image.size.width - 1) return;
    ++border;
    sum += pixel;
  });
  if (2 * sum > 255 * border) {
    for (uint8_t& pixel : image.pixels) pixel = static_cast<uint8_t>(255 - pixel);
  }
  const auto [least, most] = std::ranges::minmax(image.pixels);
  check(most - least >= 32, path.string(), ": all pixels are between ", int{least}, " and ", int{most},
        ", expected a digit");
  for (uint8_t& pixel : image.pixels) pixel = static_cast<uint8_t>((pixel - least) * 255 / (most - least));
  return image;
}

// Without the margins, where nothing is brighter than a tenth of the strokes.
DecodedImage crop(const DecodedImage& image) {
  int64_t top = image.size.height, left = image.size.width, bottom = 0, right = 0;
  for_each_pixel(image, [&](int64_t y, int64_t x, uint8_t pixel) {
    if (pixel < 26) return;
    top = std::min(top, y), bottom = std::max(bottom, y + 1);
    left = std::min(left, x), right = std::max(right, x + 1);
  });
  DecodedImage part{{bottom - top, right - left}, {}};
  for_each_pixel(image, [&](int64_t y, int64_t x, uint8_t pixel) {
    if (y >= top && y < bottom && x >= left && x < right) part.pixels.push_back(pixel);
  });
  return part;
}

// At most 20 pixels long, its centre of mass in the middle of 28 x 28.
DecodedImage centred(const DecodedImage& digit) {
  const auto longest = static_cast<double>(std::max(digit.size.height, digit.size.width));
  const auto scaled = [&](int64_t length) {
    return std::max<int64_t>(1, std::llround(20 * static_cast<double>(length) / longest));
  };
  const DecodedImage small = resize(digit, 1, {scaled(digit.size.height), scaled(digit.size.width)});
  double mass = 0, mass_y = 0, mass_x = 0;
  for_each_pixel(small, [&](int64_t y, int64_t x, uint8_t pixel) {
    mass += pixel;
    mass_y += static_cast<double>(pixel * y);
    mass_x += static_cast<double>(pixel * x);
  });
  const int64_t down = std::clamp<int64_t>(std::llround(14 - mass_y / mass), 0, 28 - small.size.height);
  const int64_t across = std::clamp<int64_t>(std::llround(14 - mass_x / mass), 0, 28 - small.size.width);
  DecodedImage image{{28, 28}, std::vector<uint8_t>(28 * 28)};
  for_each_pixel(small, [&](int64_t y, int64_t x, uint8_t pixel) {
    image.pixels[static_cast<size_t>((y + down) * 28 + x + across)] = pixel;
  });
  return image;
}

}  // namespace

DecodedImage in_mnist_form(const std::filesystem::path& path) {
  return centred(crop(read_light_on_dark(path)));
}

}  // namespace tinynn::data
