// Picture: pixels of a colour each on a background that shows through, and the PNG of them inside a page.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tinynn/cli/report/html.hpp>

namespace tinynn::cli {

struct Colour {
  uint8_t red, green, blue;
};

class Picture {
 public:
  /// All transparent. Throws Error for a size below 1.
  Picture(int64_t width, int64_t height);
  /// `opacity` in [0, 1]. The pixel must be inside.
  void set(int64_t x, int64_t y, Colour colour, double opacity);
  int64_t width() const { return width_; }
  int64_t height() const { return height_; }

  /// An <img> with the PNG as a data URI. Every pixel is `scale` units of the page wide and high, as far as
  /// there is room.
  Html html(const std::string& description, int64_t scale) const;

 private:
  std::string png() const;
  int64_t width_, height_;
  std::vector<uint8_t> rgba_;
};

/// Base64 with padding, RFC 4648.
std::string base64(const std::string& bytes);

}  // namespace tinynn::cli
