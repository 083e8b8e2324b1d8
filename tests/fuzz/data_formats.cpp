#include <fstream>

#include <zlib.h>

#include <tinynn/data/cifar10.hpp>
#include <tinynn/data/idx.hpp>
#include <tinynn/data/image_folder.hpp>

#include "tests/data/fixtures.hpp"
#include "tests/data/image_writer.hpp"
#include "tests/fuzz/formats.hpp"

namespace fuzz {
namespace {

using namespace tinynn;
namespace fs = std::filesystem;

void put(const fs::path& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}
Bytes content(const fs::path& path) {
  const auto bytes = fixtures::read_file(path);
  return {bytes.begin(), bytes.end()};
}
Bytes text_of(const fixtures::Bytes& bytes) { return {bytes.begin(), bytes.end()}; }
Bytes gzipped(const fs::path& path, const Bytes& bytes) {
  fixtures::write_gz(path, {bytes.begin(), bytes.end()});
  return content(path);
}

Format idx_images(const fs::path& path) {
  const Bytes plain = text_of(fixtures::idx_images(3, 5, 4));
  return {"IDX images",
          {plain, gzipped(path, plain)},
          damaged,
          [path](const Bytes& bytes) {
            put(path, bytes);
            const auto images = data::read_idx_images(path);
            require(images.count * images.rows * images.cols == std::ssize(images.pixels),
                    "pixels fill the images");
          },
          3000};
}

Format idx_labels(const fs::path& path) {
  const Bytes plain = text_of(fixtures::idx_labels(fixtures::Bytes(40, 7)));
  return {"IDX labels",
          {plain, gzipped(path, plain)},
          damaged,
          [path](const Bytes& bytes) {
            put(path, bytes);
            (void)data::read_idx_labels(path);
          },
          3000};
}

Format cifar10(const fs::path& folder) {
  fs::create_directories(folder);
  Bytes plain;
  for (const char label : {'\3', '\7'}) plain += label + text_of(fixtures::counting(3072));
  const fs::path file = folder / "test_batch.bin";
  return {"CIFAR-10",
          {plain, gzipped(file, plain)},
          damaged,
          [=](const Bytes& bytes) {
            put(file, bytes);
            const auto images = data::cifar10(folder, data::Split::test);
            require(images->size() > 0 && fixtures::sample(*images, 0).second < 10, "labels are below 10");
          },
          20000};
}

// One picture in a folder, decoded and scaled; how many pixels a byte may stand for is up to the format.
Format pictures(const fs::path& folder, const std::string& ending, std::size_t memory_per_byte) {
  Format format{"images, " + ending, {}, damaged, {}, memory_per_byte};
  const fs::path file = folder / "class" / ("a." + ending);
  for (const int channels : {1, 3, 4}) {
    const auto value = [](int y, int x, int c) { return (y * 37 + x * 101 + c * 59) % 256; };
    if (channels == 4 && ending == "jpg") continue;
    fixtures::write_image(file, 9, 17, channels, fixtures::paint(9, 17, channels, value));
    format.files.push_back(content(file));
  }
  format.read = [=](const Bytes& bytes) {
    put(file, bytes);
    const auto images = data::image_folder(folder, {.size = data::ImageSize{4, 6}, .channels = 3});
    require(images->size() == 1 && images->sample_shape() == Shape{3, 4, 6},
            "one image of the size asked for");
  };
  return format;
}

}  // namespace

std::vector<Format> data_formats(const fs::path& folder) {
  return {idx_images(folder / "images"),
          idx_labels(folder / "labels"),
          cifar10(folder / "cifar"),
          pictures(folder / "png", "png", 40000),
          pictures(folder / "jpg", "jpg", 10000),
          pictures(folder / "bmp", "bmp", 200)};
}

}  // namespace fuzz
