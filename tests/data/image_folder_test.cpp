#include <algorithm>
#include <memory>

#include <doctest/doctest.h>

#include <tinynn/core/parallel.hpp>
#include <tinynn/data/image_folder.hpp>
#include <tinynn/data/image_guards.hpp>

#include "tests/data/fixtures.hpp"
#include "tests/data/image_writer.hpp"

using namespace tinynn;
using namespace tinynn::data;
using namespace fixtures;

namespace {

int gradient(int y, int x, int c) { return 10 * y + 3 * x + 50 * c; }

void write_gradient(const fs::path& path, int height = 4, int width = 6) {
  write_image(path, height, width, 3, paint(height, width, 3, gradient));
}

void truncate(const fs::path& path, double part) {
  Bytes bytes = read_file(path);
  bytes.resize(static_cast<size_t>(static_cast<double>(bytes.size()) * part));
  write_file(path, bytes);
}

std::string folder_error(const fs::path& folder, const ImageFolderOptions& options = {}) {
  return error_of([&] { image_folder(folder, options); });
}

// A PNG of one row: bits of a channel, kind of colours (0 grey, 2 colour, 3 palette, 4 grey and alpha), the
// bytes of the row, and the chunks PLTE and tRNS unless they are empty.
Bytes png(uint8_t width, uint8_t bits, uint8_t kind, Bytes row, const Bytes& palette,
          const Bytes& transparent) {
  Bytes file{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  const auto chunk = [&](const std::string& name, const Bytes& content) {
    append_big_endian(file, static_cast<uint32_t>(content.size()));
    const auto begin = static_cast<int64_t>(file.size());
    file.insert(file.end(), name.begin(), name.end());
    file.insert(file.end(), content.begin(), content.end());
    append_big_endian(
        file, static_cast<uint32_t>(crc32(0, file.data() + begin, static_cast<uInt>(content.size() + 4))));
  };
  chunk("IHDR", {0, 0, 0, width, 0, 0, 0, 1, bits, kind, 0, 0, 0});
  if (!palette.empty()) chunk("PLTE", palette);
  if (!transparent.empty()) chunk("tRNS", transparent);
  row.insert(row.begin(), 0);  // no filter
  Bytes packed(1000);
  uLongf size = packed.size();
  compress(packed.data(), &size, row.data(), row.size());
  packed.resize(size);
  chunk("IDAT", packed);
  chunk("IEND", {});
  return file;
}

}  // namespace

TEST_CASE("data. read_image gives the planes of PNG, BMP and JPEG") {
  const TemporaryFolder folder;
  for (const char* name : {"a.png", "b.bmp", "c.jpg"}) {
    write_gradient(folder / name, 16, 16);
    const auto image = read_image(folder / name, 3);
    CHECK(image.size == ImageSize{16, 16});
    REQUIRE(image.pixels.size() == 3 * 16 * 16);
    const int tolerance = std::string(name) == "c.jpg" ? 12 : 0;
    int difference = 0;
    for (int c = 0; c < 3; ++c) {
      for (int y = 0; y < 16; ++y) {
        for (int x = 0; x < 16; ++x) {
          const int found = image.pixels[(c * 16 + y) * 16 + x];
          difference = std::max(difference, std::abs(found - (gradient(y, x, c) & 255)));
        }
      }
    }
    CHECK(difference <= tolerance);
  }
}

TEST_CASE("data. read_image converts between grey and colour") {
  const TemporaryFolder folder;
  write_image(folder / "grey.png", 1, 2, 1, {10, 200});
  CHECK(read_image(folder / "grey.png", 3).pixels == Bytes{10, 200, 10, 200, 10, 200});
  write_image(folder / "colour.png", 1, 1, 3, {255, 0, 0});
  CHECK(read_image(folder / "colour.png", 1).pixels[0] == doctest::Approx(0.299 * 255).epsilon(0.02));
}

TEST_CASE("data. what is transparent in an image shows the background, white by default") {
  const TemporaryFolder folder;
  const fs::path file = folder / "alpha.png";
  const data::Colour red{255, 0, 0};
  write_image(file, 1, 3, 4, {1, 2, 3, 0, 1, 2, 3, 255, 0, 100, 200, 51});
  CHECK(read_image(file, 4).pixels == Bytes{1, 1, 0, 2, 2, 100, 3, 3, 200, 0, 255, 51});  // as it is
  CHECK(read_image(file, 3).pixels == Bytes{255, 1, 204, 255, 2, 224, 255, 3, 244});
  CHECK(read_image(file, 3, red).pixels == Bytes{255, 1, 204, 0, 2, 20, 0, 3, 40});
  CHECK(read_image(file, 1).pixels == Bytes{255, 1, 220});
  CHECK(read_image(file, 1, red).pixels == Bytes{76, 1, 77});
  write_image(file, 1, 2, 2, {40, 0, 40, 255});
  CHECK(read_image(file, 1).pixels == Bytes{255, 40});
  CHECK(read_image(file, 3).pixels == Bytes{255, 40, 255, 40, 255, 40});
  CHECK(read_image(file, 2).pixels == Bytes{40, 40, 0, 255});
  write_image(file, 1, 1, 2, {1, 128});
  CHECK(read_image(file, 1).pixels == Bytes{128});  // the nearest to 127.502

  // A palette whose second colour is transparent, and its third half; a colour that means transparent; 16
  // bits.
  write_file(file, png(3, 8, 3, {0, 1, 2}, {10, 20, 30, 40, 50, 60, 0, 0, 0}, {255, 0, 127}));
  CHECK(read_image(file, 3).pixels == Bytes{10, 255, 128, 20, 255, 128, 30, 255, 128});
  write_file(file, png(2, 8, 2, {1, 2, 3, 4, 5, 6}, {}, {0, 1, 0, 2, 0, 3}));
  CHECK(read_image(file, 3).pixels == Bytes{255, 4, 255, 5, 255, 6});
  write_file(file, png(2, 8, 0, {9, 7}, {}, {0, 9}));
  CHECK(read_image(file, 1).pixels == Bytes{255, 7});
  write_file(file, png(2, 16, 4, {50, 0, 0, 0, 50, 0, 255, 255}, {}, {}));
  CHECK(read_image(file, 1).pixels == Bytes{255, 50});
  write_file(file, png(1, 16, 2, {1, 255, 2, 255, 3, 255}, {}, {}));
  CHECK(read_image(file, 3).pixels == Bytes{1, 2, 3});

  write_image(folder / "images/a/1.png", 1, 1, 4, {0, 0, 0, 0});
  write_image(folder / "images/b/1.png", 1, 1, 4, {0, 0, 0, 255});
  const auto first = [&](const ImageFolderOptions& options) {
    return sample(*image_folder(folder / "images", options), 0).first;
  };
  CHECK(first({.channels = 1})[0] == 1);
  CHECK(first({.channels = 1, .background = {0, 0, 0}})[0] == 0);
}

TEST_CASE("data. read_image names files that are damaged") {
  const TemporaryFolder folder;
  for (const char* name : {"a.png", "b.bmp", "c.jpg"}) {
    const auto path = folder / name;
    for (const double part : {0.0, 0.01, 0.2, 0.5, 0.9}) {
      write_gradient(path, 40, 40);
      truncate(path, part);
      CHECK(error_of([&] { read_image(path, 3); }).starts_with(path.string() + ": "));
    }
  }
  write_gradient(folder / "b.bmp", 40, 40);
  truncate(folder / "b.bmp", 0.5);
  CHECK(error_of([&] { read_image(folder / "b.bmp", 3); }) ==
        (folder / "b.bmp").string() + ": file ends inside the image");
  write_file(folder / "text.png", {'h', 'e', 'l', 'l', 'o'});
  CHECK(error_of([&] {
          read_image(folder / "text.png", 3);
        }).starts_with((folder / "text.png").string() + ": not a readable PNG, JPEG or BMP image: "));
  CHECK(error_of([&] { read_image(folder / "missing.png", 3); }) ==
        (folder / "missing.png").string() + ": cannot open: No such file or directory");
}

TEST_CASE("data. read_image refuses a JPEG file with a Huffman table that is too large") {
  const TemporaryFolder folder;
  const auto path = folder / "a.jpg";
  write_gradient(path);
  const Bytes good = read_file(path);
  const Bytes marker{0xFF, 0xC4};
  const auto table = std::search(good.begin(), good.end(), marker.begin(), marker.end()) - good.begin();
  auto bad = good;
  for (int i = 0; i < 16; ++i) bad[table + 5 + i] = 17;
  write_file(path, bad);
  CHECK(error_of([&] { read_image(path, 3); }) ==
        path.string() + ": a Huffman table has more than 256 codes");
  // What only looks like a table inside a comment does no harm.
  Bytes comment{0xFF, 0xFE, 0, 30};
  comment.insert(comment.end(), bad.begin() + table, bad.begin() + table + 28);
  auto commented = good;
  commented.insert(commented.begin() + 2, comment.begin(), comment.end());
  write_file(path, commented);
  const auto image = read_image(path, 3);
  write_file(path, good);
  CHECK(image.pixels == read_image(path, 3).pixels);
}

TEST_CASE("data. a Huffman table of 256 codes is the largest that there may be") {
  for (const uint8_t last : {uint8_t{16}, uint8_t{17}}) {
    Bytes file{0xFF, 0xD8, 0xFF, 0xC4, 1, 19, 0};  // one segment of 17 bytes and the codes, with one table
    file.insert(file.end(), 15, 16);
    file.push_back(last);
    file.insert(file.end(), 256, 0);
    CHECK(jpeg_tables_fit(file) == (last == 16));
  }
}

// stb_image goes back to the start of its buffer of 128 bytes, not of the file, to try the next format.
TEST_CASE("data. read_image takes no JPEG file that begins with more than its first marker") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.jpg";
  write_gradient(path, 9, 17);
  Bytes bytes = read_file(path);
  CHECK(read_image(path, 3).size.width == 17);
  for (const size_t fill : {1, 126, 127, 200}) {
    Bytes longer(fill, 0xFF);
    longer.insert(longer.end(), bytes.begin(), bytes.end());
    write_file(path, longer);
    CHECK(error_of([&] { read_image(path, 3); }) ==
          path.string() + ": not a readable PNG, JPEG or BMP image: no SOI");
  }
}

TEST_CASE("data. read_image asks for no memory that a file can have no use for") {
  const TemporaryFolder folder;
  const auto with = [&](const fs::path& name, size_t at, const Bytes& field) {
    write_gradient(folder / name, 9, 17);
    Bytes bytes = read_file(folder / name);
    std::ranges::copy(field, bytes.begin() + static_cast<int64_t>(at));
    write_file(folder / name, bytes);
    return error_of([&] { read_image(folder / name, 3); });
  };
  const auto starts = [&](const std::string& message, const std::string& name, const std::string& rest) {
    CAPTURE(message);
    CHECK(message.starts_with((folder / name).string() + ": " + rest));
  };
  starts(with("a.bmp", 18, {0xFF, 0x7F, 0, 0}), "a.bmp", "an image of 9 x 32767 pixels in ");
  starts(with("a.png", 16, {0, 0, 0x3E, 0x80, 0, 0, 0x3E, 0x80}), "a.png",
         "an image of 16000 x 16000 pixels in ");
  const Bytes frame{0xFF, 0xC0};
  write_gradient(folder / "a.jpg", 9, 17);
  const Bytes jpeg = read_file(folder / "a.jpg");
  const auto at =
      static_cast<size_t>(std::search(jpeg.begin(), jpeg.end(), frame.begin(), frame.end()) - jpeg.begin());
  starts(with("a.jpg", at + 5, {0x3E, 0x80, 0x3E, 0x80}), "a.jpg", "an image of 16000 x 16000 pixels in ");
  // The length of a chunk of pixels.
  starts(with("b.png", 33, {0x3F, 0xFF, 0xFF, 0xFF}), "b.png", "file ends inside the image");
  starts(with("b.bmp", 22, {0, 0, 0, 0}), "b.bmp", "an image of 0 x 17 pixels, expected at least 1 x 1");
  // The kind of a chunk, which stb_image quotes.
  starts(with("c.png", 37, {'\n', 1, 2, 3}), "c.png", "not a readable PNG, JPEG or BMP image: ????");
}

TEST_CASE("data. read_image makes the same of a JPEG file without tables, whatever the memory held before") {
  const TemporaryFolder folder;
  const auto path = folder / "a.jpg";
  write_gradient(path, 16, 16);
  Bytes bytes = read_file(path);
  const Bytes tables{0xFF, 0xC4}, comment{0xFF, 0xFE};
  auto at = bytes.begin();  // std::ranges::search does not compile with clang 14
  while ((at = std::search(at, bytes.end(), tables.begin(), tables.end())) != bytes.end())
    std::ranges::copy(comment, at);
  write_file(path, bytes);
  std::string first;
  for (const uint8_t before : Bytes{0x00, 0xFF, 0x41, 0x7F}) {
    std::vector<std::unique_ptr<Bytes>> used;
    for (size_t size = 15000; size < 25000; size += 16) used.push_back(std::make_unique<Bytes>(size, before));
    used.clear();
    std::string found;
    const std::string error = error_of([&] {
      for (const uint8_t pixel : read_image(path, 3).pixels) found += std::to_string(pixel) + " ";
    });
    if (before == 0) first = found + error;
    CHECK(found + error == first);
  }
}

TEST_CASE("data. read_image takes a BMP file from top to bottom") {
  const TemporaryFolder folder;
  const auto rows = [&](int height) {
    Bytes bytes = read_file(folder / "a.bmp");
    for (size_t i = 0; i < 4; ++i)
      bytes[22 + i] = static_cast<uint8_t>(static_cast<uint32_t>(height) >> 8 * i);
    write_file(folder / "a.bmp", bytes);
    return read_image(folder / "a.bmp", 1).pixels;
  };
  write_image(folder / "a.bmp", 2, 1, 1, {10, 200});
  CHECK(rows(2) == Bytes{10, 200});
  CHECK(rows(-2) == Bytes{200, 10});
}

TEST_CASE("data. read_image takes a PNG file with something behind its end") {
  const TemporaryFolder folder;
  write_gradient(folder / "a.png");
  const auto pixels = read_image(folder / "a.png", 3).pixels;
  Bytes bytes = read_file(folder / "a.png");
  bytes.insert(bytes.end(), 50, 0xFF);
  write_file(folder / "a.png", bytes);
  CHECK(read_image(folder / "a.png", 3).pixels == pixels);
}

TEST_CASE("data. an image folder sorts classes and files by name") {
  const TemporaryFolder folder;
  for (const char* name : {"dog/2.png", "dog/10.BMP", "cat/b.jpeg", "cat/a.PNG"}) {
    const auto path = folder / name;
    const int value = path.filename() == "a.PNG" ? 1 : path.filename() == "b.jpeg" ? 2 : 3;
    write_image(path, 1, 1, 1, {static_cast<uint8_t>(value)});
  }
  write_image(folder / "dog/10.BMP", 1, 1, 1, {4});
  write_file(folder / "cat/notes.txt", {'x'});
  write_file(folder / "cat/._a.png", {'x'});
  write_file(folder / ".hidden/a.png", {'x'});
  write_file(folder / "readme.png", {'x'});
  const auto dataset = image_folder(folder.path(), {.channels = 1});
  CHECK(dataset->class_names() == std::vector<std::string>{"cat", "dog"});
  CHECK(dataset->classes() == 2);
  CHECK(dataset->size() == 4);
  CHECK(dataset->skipped().empty());
  CHECK(dataset->sample_shape() == Shape{1, 1, 1});
  const std::vector<int> values{1, 2, 4, 3}, labels{0, 0, 1, 1};
  for (int64_t i = 0; i < 4; ++i) {
    const auto [pixels, label] = sample(*dataset, i);
    CHECK(pixels[0] == static_cast<float>(values[i] / 255.0));
    CHECK(label == labels[i]);
  }
}

TEST_CASE("data. an image folder normalises, and scales when asked") {
  const TemporaryFolder folder;
  write_image(folder / "a/1.png", 4, 4, 3, paint(4, 4, 3, [](int, int, int c) { return 51 * (c + 1); }));
  write_image(folder / "a/2.png", 8, 2, 3, paint(8, 2, 3, [](int, int, int) { return 0; }));
  const auto dataset =
      image_folder(folder.path(), {.size = ImageSize{2, 3}, .mean = {0.2, 0.2, 0.2}, .std = {0.5, 0.5, 0.1}});
  CHECK(dataset->sample_shape() == Shape{3, 2, 3});
  const auto pixels = sample(*dataset, 0).first;
  CHECK(pixels[0] == doctest::Approx(0));
  CHECK(pixels[6] == doctest::Approx(0.4));
  CHECK(pixels[17] == doctest::Approx(4));
  CHECK(sample(*dataset, 1).first[0] == doctest::Approx(-0.4));
  CHECK(folder_error(folder.path()) == "image_folder: " + (folder / "a/2.png").string() + " is 8 x 2, but " +
                                           (folder / "a/1.png").string() +
                                           " is 4 x 4; expected one size, or the option size (--resize)");
}

TEST_CASE("data. an image folder skips damaged images only when asked") {
  const TemporaryFolder folder;
  for (int i = 0; i < 200; ++i) {
    write_image(folder / ("a/" + std::to_string(100 + i) + ".png"), 1, 1, 3, {static_cast<uint8_t>(i), 0, 0});
  }
  write_image(folder / "b/1.png", 1, 1, 3, {250, 0, 0});
  for (const char* name : {"a/100.png", "a/171.png", "a/172.png"}) truncate(folder / name, 0.7);
  CHECK(folder_error(folder.path()).starts_with((folder / "a/100.png").string() + ": "));
  const auto dataset = image_folder(folder.path(), {.skip_corrupt = true});
  CHECK(dataset->skipped() ==
        std::vector<fs::path>{folder / "a/100.png", folder / "a/171.png", folder / "a/172.png"});
  REQUIRE(dataset->size() == 198);
  CHECK(sample(*dataset, 0).first[0] == static_cast<float>(1 / 255.0));
  CHECK(sample(*dataset, 69).first[0] == static_cast<float>(70 / 255.0));
  CHECK(sample(*dataset, 70).first[0] == static_cast<float>(73 / 255.0));
  CHECK(sample(*dataset, 196).first[0] == static_cast<float>(199 / 255.0));
  CHECK(sample(*dataset, 196).second == 0);
  CHECK(sample(*dataset, 197).second == 1);

  // The first damaged file is named, with any number of threads.
  write_image(folder / "a/100.png", 1, 1, 3, {0, 0, 0});
  const int64_t threads = num_threads();
  for (const int64_t count : {1, 4}) {
    set_num_threads(count);
    CHECK(folder_error(folder.path()).starts_with((folder / "a/171.png").string() + ": "));
  }
  set_num_threads(threads);
}

TEST_CASE("data. an image folder refuses what is no such folder") {
  const TemporaryFolder folder;
  const std::string name = folder.path().string();
  CHECK(folder_error(folder / "missing") == "image_folder: no folder " + (folder / "missing").string());
  CHECK(folder_error(folder.path()) ==
        "image_folder: no folders in " + name + ", expected one for each class");
  fs::create_directory(folder / "cat");
  CHECK(folder_error(folder.path()) ==
        "image_folder: no .png, .jpg, .jpeg or .bmp files in " + (folder / "cat").string());
  fs::create_symlink("circle.png", folder / "cat/circle.png");  // a link to itself is neither a file
  fs::create_symlink("circle", folder / "circle");              // nor a folder
  CHECK(folder_error(folder / "circle") == "image_folder: no folder " + (folder / "circle").string());
  CHECK(folder_error(folder.path()).starts_with("image_folder: no .png, .jpg, .jpeg or .bmp files in "));
  write_file(folder / "cat/1.png", {'x'});
  CHECK(folder_error(folder.path(), {.skip_corrupt = true}) ==
        "image_folder: not one of the 1 images can be read, the first is " + (folder / "cat/1.png").string());
  CHECK(folder_error(folder.path(), {.channels = 2}) == "image_folder: channels is 2, expected 1 or 3");
  CHECK(folder_error(folder.path(), {.size = ImageSize{0, 3}}) ==
        "image_folder: size is 0 x 3, expected sides of 1 to 32768");
  write_gradient(folder / "cat/1.png");
  CHECK(folder_error(folder.path(), {.mean = {0.5}}) ==
        "ImageDataset: 1 means and 3 sds for images of shape (3, 4, 6), expected 3 of each");
}
