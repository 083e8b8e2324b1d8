#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include <tinynn/core/error.hpp>
#include <tinynn/data/gz_file.hpp>
#include <tinynn/data/idx.hpp>

namespace tinynn::data {
namespace {

constexpr uint32_t images_magic = 0x0803;    // unsigned bytes, three dimensions
constexpr uint32_t channels_magic = 0x0804;  // four
constexpr uint32_t labels_magic = 0x0801;    // unsigned bytes, one dimension
constexpr uint64_t size_limit = uint64_t{1} << 31;
constexpr uint64_t bytes_at_once = uint64_t{1} << 20;

std::string hex(uint32_t number) {
  std::array<char, 11> text{};
  std::snprintf(text.data(), text.size(), "0x%08X", number);
  return text.data();
}

std::string describe_magic(uint32_t magic) {
  if (magic == images_magic) return hex(magic) + " (images)";
  if (magic == labels_magic) return hex(magic) + " (labels)";
  return hex(magic);
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : file_(path), name_(file_.name()) {
    std::error_code unknown;
    const uint64_t compressed = std::filesystem::file_size(path, unknown);
    constexpr uint64_t most_of_a_byte = 1032;  // that deflate makes of it
    if (!unknown && compressed < size_limit) most_ = compressed * most_of_a_byte;
  }

  const std::string& name() const { return name_; }

  uint32_t big_endian(const char* field) {
    std::array<uint8_t, 4> bytes{};
    const uint64_t found = file_.read(bytes.data(), bytes.size());
    check(found == bytes.size(), name_, ": file ends inside the header, at ", field, ": found ", found,
          " bytes of it, expected 4");
    return (uint32_t{bytes[0]} << 24) | (uint32_t{bytes[1]} << 16) | (uint32_t{bytes[2]} << 8) | bytes[3];
  }

  // One of the two.
  uint32_t expect_magic(uint32_t expected, uint32_t other) {
    const uint32_t found = big_endian("magic number");
    check(found == expected || found == other, name_, ": magic number is ", describe_magic(found),
          ", expected ", describe_magic(expected));
    return found;
  }

  // The rest of the file, which must be `size` bytes.
  std::vector<uint8_t> rest(uint64_t size, const char* field) {
    std::vector<uint8_t> bytes;
    bytes.reserve(std::min(size, most_));
    while (bytes.size() < size) {
      const uint64_t have = bytes.size();
      const uint64_t want = std::min(bytes_at_once, size - have);
      bytes.resize(have + want);
      const uint64_t found = file_.read(bytes.data() + have, want);
      check(found == want, name_, ": file ends inside the ", field, ": found ", have + found,
            " bytes of them, expected ", size);
    }
    // Reading on to the end also has the checksum of a gzip stream compared.
    uint8_t extra = 0;
    check(file_.read(&extra, 1) == 0, name_, ": bytes left over after the ", field, ": found more than the ",
          size, " bytes expected");
    return bytes;
  }

 private:
  GzFile file_;
  const std::string& name_;
  uint64_t most_ = 0;  // bytes that the file can hold; what its header says may be anything
};

}  // namespace

IdxImages read_idx_images(const std::filesystem::path& file) {
  Reader reader(file);
  const bool has_channels = reader.expect_magic(images_magic, channels_magic) == channels_magic;
  const uint64_t count = reader.big_endian("number of images");
  const uint64_t channels = has_channels ? reader.big_endian("number of channels") : 1;
  const uint64_t rows = reader.big_endian("number of rows");
  const uint64_t cols = reader.big_endian("number of columns");
  check(rows >= 1 && cols >= 1, reader.name(), ": image size is ", rows, " x ", cols,
        ", expected at least 1 x 1");
  constexpr uint64_t most_channels = 1024;
  check(channels >= 1 && channels <= most_channels, reader.name(), ": number of channels is ", channels,
        ", expected 1 to ", most_channels);
  // Each size is below 2^32, so this product cannot overflow; the one of all could.
  const uint64_t area = rows * cols;
  check(area <= size_limit && count <= size_limit / (area * channels), reader.name(),
        ": number of images is ", count, " of ", rows, " x ", cols, " pixels, expected at most ", size_limit,
        " bytes in all");
  return {static_cast<int64_t>(count), static_cast<int64_t>(rows), static_cast<int64_t>(cols),
          reader.rest(count * channels * area, "pixels"), static_cast<int64_t>(channels)};
}

std::vector<uint8_t> read_idx_labels(const std::filesystem::path& file) {
  Reader reader(file);
  reader.expect_magic(labels_magic, labels_magic);
  const uint64_t count = reader.big_endian("number of labels");
  check(count <= size_limit, reader.name(), ": number of labels is ", count, ", expected at most ",
        size_limit);
  return reader.rest(count, "labels");
}

}  // namespace tinynn::data
