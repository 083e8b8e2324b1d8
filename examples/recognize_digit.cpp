// Which digit does a picture show? recognize_digit digits.plan picture.png
// The program file takes pixels of 0 to 255: tinynn export --format program --raw-input --out digits.plan.
// The picture (PNG, JPEG or BMP) may be of any size, in grey or colour, light on dark or dark on light; it is
// brought into the form that MNIST's digits have: light on black, 20 pixels long, its centre of mass in the
// middle of 28 x 28.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include <tinynn/data/image_file.hpp>
#include <tinynn/tinynn.hpp>
using namespace tinynn;
using data::DecodedImage;

// Calls look(y, x, pixel).
void for_each_pixel(const DecodedImage& image, const auto& look) {
  auto pixel = image.pixels.begin();
  for (int64_t y = 0; y < image.size.height; ++y) {
    for (int64_t x = 0; x < image.size.width; ++x) look(y, x, *pixel++);
  }
}

// In grey, light on dark, with a paper of 0 and strokes of up to 255.
DecodedImage read_light_on_dark(const char* path) {
  DecodedImage image = data::read_image(path, 1);
  if (const auto [least, most] = std::ranges::minmax(image.pixels); most - least < 32)
    image = data::read_image(path, 1, {0, 0, 0});  // white on nothing
  int64_t border = 0, sum = 0;                     // the margin tells the colour of the paper
  for_each_pixel(image, [&](int64_t y, int64_t x, uint8_t pixel) {
    if (y > 0 && y < image.size.height - 1 && x > 0 && x < image.size.width - 1) return;
    ++border;
    sum += pixel;
  });
  if (2 * sum > 255 * border) {
    for (uint8_t& pixel : image.pixels) pixel = static_cast<uint8_t>(255 - pixel);
  }
  const auto [least, most] = std::ranges::minmax(image.pixels);
  check(most - least >= 32, path, ": all pixels are between ", int{least}, " and ", int{most},
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

// (1, 1, 28, 28): the digit at most 20 pixels long, its centre of mass in the middle.
Tensor like_mnist(const DecodedImage& digit) {
  const auto longest = static_cast<double>(std::max(digit.size.height, digit.size.width));
  const auto scaled = [&](int64_t length) {
    return std::max<int64_t>(1, std::llround(20 * static_cast<double>(length) / longest));
  };
  const DecodedImage small = data::resize(digit, 1, {scaled(digit.size.height), scaled(digit.size.width)});
  double mass = 0, mass_y = 0, mass_x = 0;
  for_each_pixel(small, [&](int64_t y, int64_t x, uint8_t pixel) {
    mass += pixel;
    mass_y += static_cast<double>(pixel * y);
    mass_x += static_cast<double>(pixel * x);
  });
  const int64_t down = std::clamp<int64_t>(std::llround(14 - mass_y / mass), 0, 28 - small.size.height);
  const int64_t across = std::clamp<int64_t>(std::llround(14 - mass_x / mass), 0, 28 - small.size.width);
  Tensor image = zeros({1, 1, 28, 28});
  for_each_pixel(small, [&](int64_t y, int64_t x, uint8_t pixel) {
    image.mutable_data()[(y + down) * 28 + x + across] = pixel;
  });
  return image;
}

int main(int count, char** arguments) try {
  check(count == 3, "usage: recognize_digit PROGRAM PICTURE");
  const deploy::Program digits(deploy::load(arguments[1]));
  const Tensor chances = softmax(digits(like_mnist(crop(read_light_on_dark(arguments[2])))), 1);
  const auto best = std::ranges::max_element(chances.values()) - chances.values().begin();
  std::printf("%s shows a %d\n", arguments[2], static_cast<int>(best));
  for (int digit = 0; digit < 10; ++digit) std::printf("  %d %5.1f%%\n", digit, 100 * chances.data()[digit]);
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
