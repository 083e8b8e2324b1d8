#include <cmath>

#include <tinynn/cli/png.hpp>
#include <tinynn/cli/report/picture.hpp>
#include <tinynn/core/error.hpp>

namespace tinynn::cli {

Picture::Picture(int64_t width, int64_t height) : width_(width), height_(height) {
  check(width >= 1 && height >= 1, "picture: ", width, " x ", height, " pixels, expected at least 1 x 1");
  rgba_.resize(static_cast<size_t>(width * height * 4));
}

void Picture::set(int64_t x, int64_t y, Colour colour, double opacity) {
  uint8_t* pixel = rgba_.data() + (y * width_ + x) * 4;
  pixel[0] = colour.red;
  pixel[1] = colour.green;
  pixel[2] = colour.blue;
  pixel[3] = static_cast<uint8_t>(std::lround(255 * opacity));
}

std::string Picture::png() const { return cli::png(width_, height_, 4, rgba_); }

Html Picture::html(const std::string& description, int64_t scale) const {
  return element("img", {{"src", "data:image/png;base64," + base64(png())},
                         {"alt", description},
                         {"width", std::to_string(width_ * scale)},
                         {"height", std::to_string(height_ * scale)},
                         {"class", scale == 1 ? "large" : "small"}});
}

std::string base64(const std::string& bytes) {
  constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (at + i < bytes.size() ? static_cast<uint8_t>(bytes[at + i]) : 0u);
    for (size_t i = 0; i < 4; ++i) text += at + i <= bytes.size() ? digits[bits >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

}  // namespace tinynn::cli
