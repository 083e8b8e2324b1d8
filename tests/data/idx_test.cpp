#include <cstdlib>

#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/data/idx.hpp>

#include "tests/data/fixtures.hpp"

using namespace tinynn;
using namespace tinynn::data;
using namespace fixtures;

namespace {

// What reading these bytes, raw or as the given gz file, says after the name of the file.
std::string complaint(const fs::path& file, bool as_images) {
  const std::string error = error_of([&] {
    if (as_images) {
      read_idx_images(file);
    } else {
      read_idx_labels(file);
    }
  });
  const std::string prefix = file.string() + ": ";
  if (!error.starts_with(prefix)) return "not named: " + error;
  return error.substr(prefix.size());
}

std::string complaint(const Bytes& bytes, bool as_images = true) {
  const TemporaryFolder folder;
  write_file(folder / "file", bytes);
  return complaint(folder / "file", as_images);
}

Bytes without_last(Bytes bytes, size_t count) {
  bytes.resize(bytes.size() - count);
  return bytes;
}

}  // namespace

TEST_CASE("data. idx reads what was written") {
  const TemporaryFolder folder;
  write_file(folder / "images", idx_images(3, 2, 5));
  const auto images = read_idx_images(folder / "images");
  CHECK(images.count == 3);
  CHECK(images.rows == 2);
  CHECK(images.cols == 5);
  CHECK(images.pixels == counting(30));
  write_file(folder / "none", idx_images(0, 2, 5));
  CHECK(read_idx_images(folder / "none").pixels.empty());
  write_gz(folder / "labels.gz", idx_labels({1, 255}));
  CHECK(read_idx_labels(folder / "labels.gz") == Bytes{1, 255});
}

TEST_CASE("data. idx reads files of several pieces, raw and gz") {
  const TemporaryFolder folder;
  write_file(folder / "raw", idx_images(300, 100, 101));
  write_gz(folder / "gz", idx_images(300, 100, 101));
  CHECK(read_idx_images(folder / "raw").pixels == counting(300 * 100 * 101));
  CHECK(read_idx_images(folder / "gz").pixels == counting(300 * 100 * 101));
}

TEST_CASE("data. idx refuses a wrong magic number") {
  CHECK(complaint(idx_labels({1, 2, 3})) ==
        "magic number is 0x00000801 (labels), expected 0x00000803 (images)");
  CHECK(complaint(idx_images(1, 2, 2), false) ==
        "magic number is 0x00000803 (images), expected 0x00000801 (labels)");
  CHECK(complaint(Bytes{'<', 'h', 't', 'm', 'l', '>'}) ==
        "magic number is 0x3C68746D, expected 0x00000803 (images)");
}

TEST_CASE("data. idx refuses a header that ends early") {
  CHECK(complaint(Bytes{}) ==
        "file ends inside the header, at magic number: found 0 bytes of it, expected 4");
  CHECK(complaint(Bytes{0, 0}) ==
        "file ends inside the header, at magic number: found 2 bytes of it, expected 4");
  CHECK(complaint(idx(0x0803, {1, 28}, {0})) ==
        "file ends inside the header, at number of columns: found 1 bytes of it, expected 4");
  CHECK(complaint(idx(0x0801, {}, {}), false) ==
        "file ends inside the header, at number of labels: found 0 bytes of it, expected 4");
}

TEST_CASE("data. idx refuses impossible sizes before it asks for memory") {
  CHECK(complaint(idx(0x0803, {1, 0, 28}, {})) == "image size is 0 x 28, expected at least 1 x 1");
  CHECK(complaint(idx(0x0803, {1, 28, 0}, {})) == "image size is 28 x 0, expected at least 1 x 1");
  CHECK(complaint(idx(0x0803, {3'000'000, 28, 28}, {})) ==
        "number of images is 3000000 of 28 x 28 pixels, expected at most 2147483648 bytes in all");
  // The product is 0 modulo 2^64.
  CHECK(complaint(idx(0x0803, {0x80000000, 0x80000000, 4}, {})) ==
        "number of images is 2147483648 of 2147483648 x 4 pixels, expected at most 2147483648 bytes in all");
  CHECK(complaint(idx(0x0801, {0xFFFFFFFF}, {}), false) ==
        "number of labels is 4294967295, expected at most 2147483648");
  CHECK(complaint(idx(0x0803, {1 << 11, 1 << 10, 1 << 10}, {1, 2, 3})) ==
        "file ends inside the pixels: found 3 bytes of them, expected 2147483648");
}

TEST_CASE("data. idx refuses files that are too short or too long") {
  CHECK(complaint(without_last(idx_images(3, 2, 5), 1)) ==
        "file ends inside the pixels: found 29 bytes of them, expected 30");
  CHECK(complaint(without_last(idx_labels({1, 2}), 2), false) ==
        "file ends inside the labels: found 0 bytes of them, expected 2");
  auto longer = idx_images(3, 2, 5);
  longer.push_back(0);
  CHECK(complaint(longer) == "bytes left over after the pixels: found more than the 30 bytes expected");
}

TEST_CASE("data. idx refuses damaged gzip streams") {
  const TemporaryFolder folder;
  const auto file = folder / "images.gz";
  write_gz(file, idx_images(300, 100, 101));
  const Bytes good = read_file(file);

  write_file(file, without_last(good, good.size() / 2));
  CHECK(complaint(file, true) == "gzip stream: file ends inside it, expected its end");
  for (const size_t missing : {1U, 4U, 8U, 9U}) {  // the last eight bytes are the checksum and the length
    write_file(file, without_last(good, missing));
    CHECK(complaint(file, true) == "gzip stream: file ends inside it, expected its end");
  }
  write_file(file, {good.begin(), good.begin() + 5});
  CHECK(complaint(file, true) == "gzip stream: file ends inside it, expected its end");

  auto bad = good;
  bad[bad.size() - 6] ^= 1;  // in the checksum
  write_file(file, bad);
  CHECK(complaint(file, true) == "gzip stream: incorrect data check");
  bad = good;
  bad[bad.size() - 2] ^= 1;  // in the length
  write_file(file, bad);
  CHECK(complaint(file, true) == "gzip stream: incorrect length check");
  for (size_t i = 0; i < bad.size() / 2; ++i) bad[i + 20] = 0xFF;
  write_file(file, bad);
  CHECK(complaint(file, true).starts_with("gzip stream: invalid"));
  bad = good;
  bad.push_back('x');
  write_file(file, bad);
  CHECK(complaint(file, true) == "gzip stream: file ends inside it, expected its end");
  bad.insert(bad.end(), {'y', 'z'});
  write_file(file, bad);
  CHECK(complaint(file, true) == "gzip stream: incorrect header check");
}

TEST_CASE("data. idx reads a gzip file of several streams") {
  const TemporaryFolder folder;
  const Bytes bytes = idx_images(300, 100, 101);
  write_gz(folder / "first", {bytes.begin(), bytes.begin() + 1000});
  write_gz(folder / "rest", {bytes.begin() + 1000, bytes.end()});
  Bytes both = read_file(folder / "first");
  const Bytes rest = read_file(folder / "rest");
  both.insert(both.end(), rest.begin(), rest.end());
  write_file(folder / "images.gz", both);
  CHECK(read_idx_images(folder / "images.gz").pixels == counting(300 * 100 * 101));
}

TEST_CASE("data. a gzip file is read where gunzip reads it, and refused where gunzip complains") {
  const TemporaryFolder folder;
  const fs::path file = folder / "images.gz", piece = folder / "piece.gz";
  const Bytes bytes = idx_images(30, 10, 10);
  int read = 0, refused = 0;
  for (uint64_t trial = 0; trial < 60; ++trial) {
    const RandomStream draw(1, trial);
    auto below = [&, call = uint64_t{0}](uint64_t bound) mutable { return draw.below(call++, bound); };
    // One to three streams, perhaps an empty one; then, perhaps, zeros, other bytes, or half a header.
    Bytes all;
    size_t at = 0;
    for (uint64_t streams = 1 + below(3); streams > 0; --streams) {
      const size_t end = streams == 1 ? bytes.size() : at + below(bytes.size() - at + 1);
      write_gz(piece, {bytes.begin() + static_cast<int64_t>(at), bytes.begin() + static_cast<int64_t>(end)});
      const Bytes packed = read_file(piece);
      all.insert(all.end(), packed.begin(), packed.end());
      at = end;
    }
    if (below(2) == 1) all.insert(all.end(), 1 + below(300000), 0);
    if (below(3) == 0) all.insert(all.end(), 1 + below(20), static_cast<uint8_t>(1 + below(255)));
    if (below(6) == 0) all.insert(all.end(), {0x1F, 0x8B});
    write_file(file, all);
    const bool expected = std::system(("gzip -dc '" + file.string() + "' >/dev/null 2>&1").c_str()) == 0;
    CAPTURE(trial);
    const std::string error = complaint(file, true);
    CHECK((error == "not named: no error") == expected);
    ++(expected ? read : refused);
  }
  CHECK(read > 10);
  CHECK(refused > 10);
}

TEST_CASE("data. idx names a file that cannot be read") {
  const TemporaryFolder folder;
  CHECK(complaint(folder / "missing", true) == "cannot open: No such file or directory");
  fs::create_directory(folder / "folder");
  CHECK(complaint(folder / "folder", true) == "cannot read: Is a directory");
}
