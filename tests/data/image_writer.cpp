#include "tests/data/image_writer.hpp"

#include <stdexcept>
#include <string>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wextra"
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace fixtures {

std::vector<uint8_t> paint(int height, int width, int channels,
                           const std::function<int(int, int, int)>& value) {
  std::vector<uint8_t> pixels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) pixels.push_back(static_cast<uint8_t>(value(y, x, c)));
    }
  }
  return pixels;
}

void write_image(const std::filesystem::path& path, int height, int width, int channels,
                 const std::vector<uint8_t>& pixels) {
  std::filesystem::create_directories(path.parent_path());
  const std::string ending = path.extension().string();
  int ok = 0;
  if (ending == ".bmp") {
    ok = stbi_write_bmp(path.c_str(), width, height, channels, pixels.data());
  } else if (ending == ".jpg") {
    ok = stbi_write_jpg(path.c_str(), width, height, channels, pixels.data(), 100);
  } else {
    ok = stbi_write_png(path.c_str(), width, height, channels, pixels.data(), width * channels);
  }
  if (!ok) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace fixtures
