#include <algorithm>

#include <zlib.h>

#include <tinynn/data/cifar10.hpp>
#include <tinynn/data/gz_file.hpp>
#include <tinynn/data/idx.hpp>

#include "tests/data/fixtures.hpp"
#include "tests/fuzz/formats.hpp"

namespace fuzz {
namespace {

using namespace tinynn;
namespace fs = std::filesystem;

Bytes text_of(const fixtures::Bytes& bytes) { return {bytes.begin(), bytes.end()}; }
Bytes gzipped(const fs::path& path, const Bytes& bytes) {
  fixtures::write_gz(path, {bytes.begin(), bytes.end()});
  return content(path);
}

Format idx_images(const fs::path& path) {
  const Bytes plain = text_of(fixtures::idx_images(3, 5, 4));
  return {"idx_images",
          {plain, gzipped(path, plain)},
          damaged,
          [path](const Bytes& bytes) {
            put(path, bytes);
            const auto images = data::read_idx_images(path);
            require(images.count * images.rows * images.cols == std::ssize(images.pixels),
                    "pixels fill the images");
          },
          3000,
          "data/idx.cpp data/gz_file.cpp"};
}

Format idx_labels(const fs::path& path) {
  const Bytes plain = text_of(fixtures::idx_labels(fixtures::Bytes(40, 7)));
  return {"idx_labels",
          {plain, gzipped(path, plain)},
          damaged,
          [path](const Bytes& bytes) {
            put(path, bytes);
            (void)data::read_idx_labels(path);
          },
          3000,
          "data/idx.cpp data/gz_file.cpp"};
}

// The first bytes of what is in a file, read in pieces of this size, and the message of an error.
std::pair<Bytes, std::string> unpacked(const fs::path& path, uint64_t piece) {
  constexpr size_t most = 1 << 16;
  Bytes bytes;
  const std::string message = error_of([&] {
    data::GzFile file(path);
    std::vector<uint8_t> read(piece);
    for (uint64_t found = piece; found == piece && bytes.size() < most;) {
      found = file.read(read.data(), piece);
      bytes.append(reinterpret_cast<const char*>(read.data()), found);
    }
  });
  return {bytes, message};
}

// Whatever the pieces are, the bytes are the same; what cannot be unpacked to its end may end earlier in
// larger pieces, none of which is given in part.
Format gzip(const fs::path& path) {
  const Bytes text = "Whatever is packed here is packed here twice, twice.", plain = "no gzip";
  const Bytes one = gzipped(path, text), bytes = gzipped(path, text_of(fixtures::counting(1000)));
  return {"gzip",
          {one, one + bytes, one + bytes + Bytes(600, '\0'), plain},
          damaged,
          [path](const Bytes& file) {
            put(path, file);
            const auto [whole, message] = unpacked(path, 1 << 16);
            const auto [parts, parts_message] = unpacked(path, 256);
            require(message.empty() ? whole == parts && parts_message.empty() : parts.starts_with(whole),
                    "unpacked in pieces it is the same");
            if (!message.empty()) throw Error(message);
          },
          3000,
          "data/gz_file.cpp"};
}

Format cifar10(const fs::path& folder) {
  fs::create_directories(folder);
  Bytes plain;
  for (const char label : {'\3', '\7'}) plain += label + text_of(fixtures::counting(3072));
  const fs::path file = folder / "test_batch.bin";
  return {"cifar10",
          {plain, gzipped(file, plain)},
          damaged,
          [=](const Bytes& bytes) {
            put(file, bytes);
            const auto images = data::cifar10(folder, data::Split::test);
            require(images->size() > 0 && fixtures::sample(*images, 0).second < 10, "labels are below 10");
          },
          20000,
          "data/cifar10.cpp data/gz_file.cpp"};
}

}  // namespace

std::vector<Format> data_formats(const fs::path& folder) {
  return {idx_images(folder / "images"), idx_labels(folder / "labels"), gzip(folder / "gzip"),
          cifar10(folder / "cifar")};
}

}  // namespace fuzz
