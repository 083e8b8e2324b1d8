// Reads one PNG, JPEG or BMP file, with stb_image.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace tinynn::data {

struct ImageSize {
  int64_t height = 0, width = 0;
  bool operator==(const ImageSize&) const = default;
};

struct Colour {
  uint8_t red = 255, green = 255, blue = 255;
};

struct DecodedImage {
  ImageSize size;
  std::vector<uint8_t> pixels;  // (channels, height, width)
};

/// True for the endings .png, .jpg, .jpeg and .bmp, in small or capital letters.
bool is_image_file(const std::filesystem::path& path);

/// The image as grey (1 channel), grey and alpha (2), colour (3) or colour and alpha (4), whatever the file
/// holds. What is transparent shows the background where alpha is not asked for. Throws Error, naming the
/// file, if it cannot be read, is no image, is damaged or breaks off.
DecodedImage read_image(const std::filesystem::path& path, int64_t channels, const Colour& background = {});

/// The image scaled to another size, averaging where it shrinks.
DecodedImage resize(const DecodedImage& image, int64_t channels, ImageSize size);

}  // namespace tinynn::data
