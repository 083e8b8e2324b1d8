#include <doctest/doctest.h>

#include <tinynn/data/open.hpp>

#include "tests/data/fixtures.hpp"
#include "tests/data/image_writer.hpp"

using namespace tinynn;
using namespace tinynn::data;
using namespace fixtures;

namespace {

// A picture of one colour; grey if its channels are equal.
void write_plain(const fs::path& path, int red, int green, int blue, int height = 4, int width = 6) {
  write_image(path, height, width, 3, paint(height, width, 3, [&](int, int, int c) {
                return c == 0 ? red : c == 1 ? green : blue;
              }));
}

// Classes "cat" and "dog" of 10 pictures each, every third one in an inner folder.
void write_pictures(const fs::path& folder, bool grey = false) {
  for (int i = 0; i < 10; ++i) {
    const std::string name = (i % 3 == 0 ? "more/deep/" : "") + std::to_string(i) + ".png";
    write_plain(folder / "cat" / name, i, i, grey ? i : 50);
    write_plain(folder / "dog" / name, 100 + i, 100 + i, grey ? 100 + i : 0);
  }
}

std::string open_error(const fs::path& path, const OpenOptions& options = {}) {
  return error_of([&] { data::open(path, options); });
}

}  // namespace

TEST_CASE("data. a folder of pictures is split by class, the same way for the same seed") {
  const TemporaryFolder folder;
  write_pictures(folder.path());
  const Opened opened = data::open(folder.path());
  CHECK(opened.kind == "pictures");
  CHECK(opened.classes == std::vector<std::string>{"cat", "dog"});
  CHECK(opened.train->size() == 16);
  CHECK(opened.test->size() == 4);
  CHECK(opened.train->sample_shape() == Shape{3, 4, 6});
  int dogs = 0;
  for (int64_t i = 0; i < 4; ++i) dogs += static_cast<int>(sample(*opened.test, i).second);
  CHECK(dogs == 2);
  const auto chosen = [&](uint64_t seed) {
    const Opened again = data::open(
        folder.path(),
        {.test_fraction = 0.5, .seed = seed, .normalization = Normalization{{0, 0, 0}, {1, 1, 1}}});
    CHECK(again.test->size() == 10);
    std::vector<float> reds;
    for (int64_t i = 0; i < 10; ++i) reds.push_back(sample(*again.test, i).first[0]);
    return reds;
  };
  CHECK(chosen(1) == chosen(1));
  CHECK(chosen(1) != chosen(2));
}

TEST_CASE("data. pictures come with their own test part, under any of its names") {
  for (const char* name : {"test", "val", "validation"}) {
    const TemporaryFolder folder;
    write_pictures(folder / "train");
    write_plain(folder / name / "dog" / "a.png", 0, 0, 1);
    const Opened opened = data::open(folder.path());
    CHECK(opened.train->size() == 20);
    REQUIRE(opened.test->size() == 1);
    CHECK(sample(*opened.test, 0).second == 1);  // as in train
    write_plain(folder / name / "cow" / "a.png", 0, 0, 1);
    CHECK(contains(open_error(folder.path()), "cow: there is no folder of this name in "));
  }
}

TEST_CASE("data. pictures are grey if all of them are, or as they are asked for") {
  const TemporaryFolder folder;
  write_pictures(folder.path(), true);
  const Opened grey = data::open(folder.path(), {.normalization = Normalization{{0}, {1}}});
  CHECK(grey.train->sample_shape() == Shape{1, 4, 6});
  CHECK(sample(*grey.train, 3).first[0] * 255 < 120);
  CHECK(data::open(folder.path(), {.channels = 3}).train->sample_shape() == Shape{3, 4, 6});
  write_plain(folder / "cat" / "x.png", 255, 0, 0);
  CHECK(data::open(folder.path()).train->sample_shape() == Shape{3, 4, 6});
  CHECK(data::open(folder.path(), {.channels = 1}).train->sample_shape() == Shape{1, 4, 6});
}

TEST_CASE("data. pictures of several sizes are refused unless a size is given") {
  const TemporaryFolder folder;
  write_pictures(folder / "train");
  write_plain(folder / "train/dog/a.png", 0, 0, 0, 5, 6);
  const std::string message = open_error(folder.path());
  CHECK(contains(message, "dog/a.png is 5 x 6, but "));
  CHECK(contains(message, ".png is 4 x 6; expected one size, or the option size (--resize)"));
  const Opened opened = data::open(folder.path(), {.size = ImageSize{8, 8}});
  CHECK(opened.train->sample_shape() == Shape{3, 8, 8});
  fs::remove(folder / "train/dog/a.png");
  write_plain(folder / "test/dog/b.png", 0, 0, 0, 7, 6);
  CHECK(contains(open_error(folder.path()), "test/dog/b.png is 7 x 6, but "));
}

TEST_CASE("data. pictures come in the order of their own names") {
  const TemporaryFolder folder;
  write_plain(folder / "train/b/0.png", 10, 10, 10);
  write_plain(folder / "train/a/1.png", 20, 20, 20);
  write_plain(folder / "train/b/inner/2.png", 30, 30, 30);
  write_plain(folder / "test/a/1.png", 1, 1, 1);
  const Opened opened = data::open(folder.path(), {.normalization = Normalization{{0}, {1}}});
  for (int64_t i = 0; i < 3; ++i) {
    const auto [pixels, label] = sample(*opened.train, i);
    CHECK(pixels[0] == doctest::Approx(10 * static_cast<double>(i + 1) / 255));
    CHECK(label == (i == 1 ? 0 : 1));
  }
}

TEST_CASE("data. a folder that is no data set says what is wanted") {
  const TemporaryFolder folder;
  write_plain(folder / "a.png", 0, 0, 0);
  CHECK_FALSE(can_open(folder.path()));
  CHECK(contains(open_error(folder.path()), " is no data set, expected a .npz file"));
  CHECK(open_error(folder / "nowhere") == "no file or folder " + (folder / "nowhere").string());
  write_plain(folder / "cat" / "a.png", 0, 0, 0);
  CHECK(contains(open_error(folder.path()), "one folder of pictures, \"cat\", expected one for each class"));
  // To try a network that knows the others it is enough.
  write_plain(folder / "cat" / "b.png", 0, 0, 0);
  const Opened cats = data::open(folder.path(), {.test_fraction = 0.5, .classes = {"bee", "cat"}});
  CHECK(cats.classes.size() == 2);
  CHECK(sample(*cats.test, 0).second == 1);
  CHECK(contains(open_error(folder.path(), {.test_fraction = 0.5, .classes = {"bee", "dog"}}),
                 "class \"cat\" is none of the 2 that the network was trained on: bee, dog"));
  fs::create_directories(folder / "dog/empty");
  CHECK(contains(open_error(folder.path()), "no .png, .jpg, .jpeg or .bmp files in "));
  fs::create_directory_symlink(folder / "dog", folder / "dog/empty/round");  // is not followed
  CHECK(contains(open_error(folder.path()), "no .png, .jpg, .jpeg or .bmp files in "));
}
