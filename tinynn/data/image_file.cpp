#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>

#include <tinynn/core/error.hpp>
#include <tinynn/data/image_file.hpp>
#include <tinynn/data/image_guards.hpp>

// The code of stb_image itself, for this file alone: static, so that a program with an stb_image of its own
// can be linked with tinynn.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wextra"
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS (1 << 15)
// A JPEG file may use tables that it has not defined: they are empty then, and not what was in memory before.
#define STBI_MALLOC(size) std::calloc(size, 1)
#define STBI_REALLOC(memory, size) std::realloc(memory, size)
#define STBI_FREE(memory) std::free(memory)
#include <stb/stb_image.h>
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#define STB_IMAGE_RESIZE_STATIC
#include <stb/stb_image_resize.h>
#pragma GCC diagnostic pop

namespace tinynn::data {
namespace {

constexpr int64_t file_limit = int64_t{1} << 30;

std::vector<uint8_t> read_bytes(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const int64_t size = file ? static_cast<int64_t>(file.tellg()) : -1;
  check(size >= 0, path.string(), ": cannot open: ", std::strerror(errno));
  check(size <= file_limit, path.string(), ": file size is ", size, ", expected at most ", file_limit,
        " bytes");
  std::vector<uint8_t> bytes(static_cast<size_t>(size));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes.data()), size);
  check(file.good(), path.string(), ": cannot read: ", std::strerror(errno));
  return bytes;
}

// Hands the bytes of a file to stb_image and notices when it asks for more than there are. By itself it takes
// missing bytes for zeros, and would deliver the rest of a broken-off picture black.
struct Source {
  const uint8_t* next;
  const uint8_t* end;
  bool exceeded = false;

  int read(char* out, int size) {
    const auto count = static_cast<int>(std::min<std::ptrdiff_t>(size, end - next));
    std::copy_n(next, count, out);
    next += count;
    exceeded = exceeded || count == 0;
    return count;
  }
  void skip(int count) {
    exceeded = exceeded || count > end - next;
    next += std::clamp<std::ptrdiff_t>(count, 0, end - next);
  }
};

constexpr stbi_io_callbacks callbacks{
    .read = [](void* source, char* out, int size) { return static_cast<Source*>(source)->read(out, size); },
    .skip = [](void* source, int count) { static_cast<Source*>(source)->skip(count); },
    .eof =
        [](void* source) {
          return int{static_cast<Source*>(source)->next == static_cast<Source*>(source)->end};
        }};

// stb_image quotes the file's own bytes.
std::string one_line(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 || c >= 0x7F; }, '?');
  return text;
}

// As stb_image makes grey of colour.
int grey(const Colour& c) { return (c.red * 77 + c.green * 150 + c.blue * 29) >> 8; }

struct Free {
  void operator()(uint8_t* pixels) const { stbi_image_free(pixels); }
};

}  // namespace

bool is_image_file(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg" || ending == ".bmp";
}

DecodedImage read_image(const std::filesystem::path& path, int64_t channels, const Colour& background) {
  check(channels >= 1 && channels <= 4, path.string(), ": ", channels, " channels wanted, expected 1 to 4");
  const auto bytes = read_bytes(path);
  check(jpeg_begins(bytes), path.string(), ": not a readable PNG, JPEG or BMP image: no SOI");
  check(jpeg_tables_fit(bytes), path.string(), ": a Huffman table has more than 256 codes");
  check(png_chunks_fit(bytes), path.string(), ": file ends inside the image");
  const Source begin{bytes.data(), bytes.data() + bytes.size()};
  Source source = begin;
  int width = 0, height = 0, found = 0;
  if (stbi_info_from_callbacks(&callbacks, &source, &width, &height, &found) != 0) {
    const int64_t rows = std::abs(int64_t{height});  // below zero in a BMP from top to bottom
    check(rows >= 1 && width >= 1, path.string(), ": an image of ", rows, " x ", width,
          " pixels, expected at least 1 x 1");
    check(rows * width <= most_pixels(bytes), path.string(), ": an image of ", rows, " x ", width,
          " pixels in ", bytes.size(), " bytes, which hold at most ", most_pixels(bytes));
  }
  source = begin;
  const bool composes = channels == 1 || channels == 3;  // which takes alpha besides
  const int wanted = static_cast<int>(channels) + int{composes};
  const std::unique_ptr<uint8_t, Free> pixels(
      stbi_load_from_callbacks(&callbacks, &source, &width, &height, &found, wanted));
  check(pixels != nullptr, path.string(),
        ": not a readable PNG, JPEG or BMP image: ", one_line(stbi_failure_reason()));
  check(!source.exceeded, path.string(), ": file ends inside the image");

  const int64_t area = int64_t{height} * width;
  DecodedImage image{{height, width}, std::vector<uint8_t>(static_cast<size_t>(channels * area))};
  const uint8_t* from = pixels.get();
  const std::array<int, 3> behind =
      channels == 1 ? std::array{grey(background), 0, 0}
                    : std::array<int, 3>{background.red, background.green, background.blue};
  for (int64_t i = 0; i < area; ++i, from += wanted) {
    const int alpha = composes ? from[channels] : 255;
    for (int64_t c = 0; c < channels; ++c) {
      const int mixed = alpha == 255 ? from[c] : (from[c] * alpha + behind[c] * (255 - alpha) + 127) / 255;
      image.pixels[c * area + i] = static_cast<uint8_t>(mixed);
    }
  }
  return image;
}

DecodedImage resize(const DecodedImage& image, int64_t channels, ImageSize size) {
  const int64_t area = image.size.height * image.size.width, new_area = size.height * size.width;
  DecodedImage result{size, std::vector<uint8_t>(static_cast<size_t>(channels * new_area))};
  for (int64_t c = 0; c < channels; ++c) {
    const int ok =
        stbir_resize_uint8(image.pixels.data() + c * area, static_cast<int>(image.size.width),
                           static_cast<int>(image.size.height), 0, result.pixels.data() + c * new_area,
                           static_cast<int>(size.width), static_cast<int>(size.height), 0, 1);
    check(ok != 0, "resize: cannot scale an image to ", size.height, " x ", size.width);
  }
  return result;
}

}  // namespace tinynn::data
