// Pictures in every kind of PNG, JPEG and BMP that there is.
#include <zlib.h>

#include <tinynn/data/image_folder.hpp>

#include "tests/data/fixtures.hpp"
#include "tests/data/image_writer.hpp"
#include "tests/fuzz/formats.hpp"

namespace fuzz {
namespace {

using namespace tinynn;
namespace fs = std::filesystem;
using fixtures::append_big_endian;

constexpr uint8_t grey = 0, colour = 2, palette = 3, grey_alpha = 4, colour_alpha = 6;
constexpr uint8_t channels_of[] = {1, 0, 3, 1, 2, 0, 4};

// A PNG of 5 x 5 pixels, each row with another filter.
Bytes png(uint8_t kind, uint8_t bits, bool transparent = false, bool interlaced = false) {
  fixtures::Bytes file{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  const auto chunk = [&](const std::string& name, const fixtures::Bytes& bytes) {
    append_big_endian(file, static_cast<uint32_t>(bytes.size()));
    const size_t begin = file.size();
    file.insert(file.end(), name.begin(), name.end());
    file.insert(file.end(), bytes.begin(), bytes.end());
    const uLong sum = crc32(0, file.data() + begin, static_cast<uInt>(bytes.size() + 4));
    append_big_endian(file, static_cast<uint32_t>(sum));
  };
  constexpr int side = 5;
  chunk("IHDR", {0, 0, 0, side, 0, 0, 0, side, bits, kind, 0, 0, uint8_t{interlaced}});
  if (kind == palette) chunk("PLTE", fixtures::counting(3 * (size_t{1} << bits)));
  if (transparent) chunk("tRNS", fixtures::counting(kind == palette ? 2 : size_t{2} * channels_of[kind]));
  fixtures::Bytes rows;
  const auto add_rows = [&](int count, int width) {
    for (int y = 0; y < count && width > 0; ++y) {
      rows.push_back(static_cast<uint8_t>(y % 5));
      for (int i = 0; i < (width * channels_of[kind] * bits + 7) / 8; ++i)
        rows.push_back(static_cast<uint8_t>(kind == palette ? 0 : i * 31 + y * 7));
    }
  };
  if (interlaced) {  // Adam7's passes over 5 x 5 pixels
    for (const auto& [count, width] : {std::pair{1, 1}, {1, 1}, {1, 2}, {2, 1}, {1, 3}, {3, 2}, {2, 5}})
      add_rows(count, width);
  } else {
    add_rows(side, side);
  }
  fixtures::Bytes packed(compressBound(rows.size()));
  uLongf size = packed.size();
  compress(packed.data(), &size, rows.data(), rows.size());
  packed.resize(size);
  chunk("IDAT", packed);
  chunk("IEND", {});
  return {file.begin(), file.end()};
}

std::vector<Bytes> pngs() {
  return {png(grey, 1),
          png(grey, 2, true),
          png(grey, 4),
          png(grey, 8, true),
          png(grey, 16, true),
          png(colour, 8, true),
          png(colour, 16, true),
          png(palette, 1),
          png(palette, 2, true),
          png(palette, 4, true),
          png(palette, 8, true, true),
          png(grey_alpha, 8),
          png(grey_alpha, 16),
          png(colour_alpha, 8),
          png(colour_alpha, 16, false, true),
          png(grey, 1, true, true)};
}

void append(Bytes& bytes, uint64_t number, int size) {
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(number >> (8 * i));
}

// A BMP of 3 x 2 pixels; of 16 and 32 bits with masks of its own if these are given.
Bytes bmp(int bits, std::vector<uint32_t> masks = {}, bool upside_down = false) {
  const int colours = bits <= 8 ? 1 << bits : 0, row = (3 * bits + 31) / 32 * 4;
  const size_t start = 14 + 40 + 4 * masks.size() + static_cast<size_t>(colours) * 4;
  Bytes file = "BM";
  append(file, start + static_cast<size_t>(2 * row), 4), append(file, 0, 4), append(file, start, 4);
  append(file, 40, 4), append(file, 3, 4), append(file, upside_down ? 0xFFFFFFFE : 2, 4);
  append(file, 1, 2), append(file, static_cast<uint64_t>(bits), 2), append(file, masks.empty() ? 0 : 3, 4);
  append(file, 0, 4), append(file, 2835, 4), append(file, 2835, 4);
  append(file, static_cast<uint64_t>(colours), 4), append(file, 0, 4);
  for (const uint32_t mask : masks) append(file, mask, 4);
  for (int i = 0; i < colours; ++i) append(file, static_cast<uint64_t>(i) * 0x010203, 4);
  for (int i = 0; i < 2 * row; ++i) file += static_cast<char>(bits <= 8 ? 0 : i * 37);
  return file;
}

// What the writer makes of painted pixels, of each of these numbers of channels.
std::vector<Bytes> written(const fs::path& file, const std::vector<int>& channels) {
  std::vector<Bytes> files;
  const auto value = [](int y, int x, int c) { return (y * 37 + x * 101 + c * 59) % 256; };
  for (const int count : channels) {
    fixtures::write_image(file, 9, 17, count, fixtures::paint(9, 17, count, value));
    files.push_back(content(file));
  }
  return files;
}

// One picture in a folder, decoded and scaled; how many pixels a byte may stand for is up to the format.
Format pictures(const fs::path& folder, const std::string& ending, const std::vector<int>& channels,
                std::vector<Bytes> more, size_t memory_per_byte) {
  const fs::path file = folder / "class" / ("a." + ending);
  Format format{ending, written(file, channels), damaged,
                {},     memory_per_byte,         "data/image_file.cpp data/image_guards.cpp"};
  format.files.insert(format.files.end(), more.begin(), more.end());
  format.read = [=](const Bytes& bytes) {
    put(file, bytes);
    const bool colours = bytes.size() % 2 == 0;
    const auto images =
        data::image_folder(folder, {.size = data::ImageSize{4, 6}, .channels = colours ? 3 : 1});
    require(images->size() == 1 && images->sample_shape() == Shape{colours ? 3 : 1, 4, 6},
            "one image of the size asked for");
  };
  return format;
}

}  // namespace

std::vector<Format> image_formats(const fs::path& folder) {
  return {pictures(folder / "png", "png", {1, 3, 4}, pngs(), 80000),
          pictures(folder / "jpg", "jpg", {1, 3}, {}, 10000),
          pictures(folder / "bmp", "bmp", {3, 4},
                   {bmp(1), bmp(4), bmp(8), bmp(16), bmp(24, {}, true), bmp(32),
                    bmp(16, {0xF800, 0x07E0, 0x001F}), bmp(32, {0xFF0000, 0xFF00, 0xFF})},
                   200)};
}

}  // namespace fuzz
