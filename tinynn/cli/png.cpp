#include <tinynn/cli/png.hpp>
#include <tinynn/core/error.hpp>

// The code of stb_image_write itself, for this file alone.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wextra"
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace tinynn::cli {

std::string png(int64_t width, int64_t height, int64_t channels, const std::vector<uint8_t>& pixels) {
  std::string bytes;
  const auto append = [](void* to, void* data, int size) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(data), static_cast<size_t>(size));
  };
  const int ok =
      stbi_write_png_to_func(append, &bytes, static_cast<int>(width), static_cast<int>(height),
                             static_cast<int>(channels), pixels.data(), static_cast<int>(width * channels));
  check(ok != 0, "picture: no PNG of ", width, " x ", height, " pixels could be made");
  return bytes;
}

}  // namespace tinynn::cli
