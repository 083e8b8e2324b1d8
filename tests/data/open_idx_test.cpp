#include <doctest/doctest.h>

#include <tinynn/data/open.hpp>

#include "tests/data/fixtures.hpp"

using namespace tinynn;
using namespace tinynn::data;
using namespace fixtures;

namespace {

void write_set(const fs::path& folder, const std::string& train, const std::string& test,
               const Bytes& labels) {
  for (const auto& name : {train, test}) {
    write_file(folder / (name + "-images-idx3-ubyte"),
               idx_images(static_cast<uint32_t>(labels.size()), 2, 3));
    write_file(folder / (name + "-labels-idx1-ubyte"), idx_labels(labels));
  }
}

const OpenOptions unchanged{.normalization = Normalization{{0}, {1}}};

std::string idx_set_error(const fs::path& path) {
  return error_of([&] { data::open(path); });
}

}  // namespace

TEST_CASE("data. IDX of any size and number of classes is opened, in torchvision's folders, too") {
  for (const char* place : {"", "raw", "MNIST/raw", "KMNIST/raw"}) {
    CAPTURE(place);
    const TemporaryFolder folder;
    write_set(folder.path() / place, "train", "t10k", {0, 12, 3});
    CHECK(can_open(folder.path()));
    const Opened opened = data::open(folder.path());
    CHECK(opened.kind == "idx");
    CHECK(opened.train->sample_shape() == Shape{1, 2, 3});
    CHECK(opened.classes.size() == 13);
    CHECK(opened.classes[12] == "12");
    CHECK(sample(*opened.test, 1).second == 12);
  }
}

TEST_CASE("data. IDX of one part is split, by four dimensions it has channels") {
  const TemporaryFolder folder;
  write_file(folder / "train-images-idx4-ubyte", idx(0x0804, {10, 3, 2, 2}, counting(120)));
  write_file(folder / "train-labels.idx1-ubyte", idx_labels({0, 0, 0, 0, 0, 1, 1, 1, 1, 1}));
  const Opened opened = data::open(folder.path());
  CHECK(opened.train->size() == 8);
  CHECK(opened.test->size() == 2);
  CHECK(opened.train->sample_shape() == Shape{3, 2, 2});
  CHECK(opened.normalization.mean.size() == 3);
  write_file(folder / "train-images-idx4-ubyte", idx(0x0804, {10, 0, 2, 2}, {}));
  CHECK(contains(idx_set_error(folder.path()), "number of channels is 0, expected 1 to 1024"));
}

TEST_CASE("data. EMNIST's pictures are turned upright, its letters begin with 1") {
  const TemporaryFolder folder;
  write_set(folder / "gzip", "emnist-letters-train", "emnist-letters-test", {1, 2, 26});
  const Opened letters = data::open(folder.path(), unchanged);  // the only set needs no name
  CHECK(letters.train->sample_shape() == Shape{1, 3, 2});
  const std::vector<float> expected{0, 3, 1, 4, 2, 5};
  const auto [pixels, label] = sample(*letters.train, 0);
  for (size_t i = 0; i < 6; ++i) CHECK(pixels[i] == doctest::Approx(expected[i] / 255));
  CHECK(label == 0);
  CHECK(letters.classes.size() == 26);
  CHECK(letters.classes[25] == "Z");

  for (const char* name : {"balanced", "byclass", "bymerge", "digits", "mnist"}) {
    const std::string set = std::string("emnist-") + name;
    write_set(folder / "gzip", set + "-train", set + "-test", {0, 1, 9});
    CHECK(data::open(folder.path().string() + ":" + name, unchanged).classes[9] == "9");
  }
  write_set(folder / "gzip", "emnist-balanced-train", "emnist-balanced-test", {0, 36, 46});
  const Opened balanced = data::open(folder.path().string() + ":balanced", unchanged);
  CHECK(balanced.classes[36] == "a");
  CHECK(balanced.classes[46] == "t");
  CHECK(contains(idx_set_error(folder.path()), "there are several sets, expected one of "));
  CHECK(contains(idx_set_error(folder.path().string() + ":cats"), ":cats: no such set, expected "));
  CHECK_FALSE(can_open(folder.path() / "nowhere:digits"));
}

TEST_CASE("data. IDX files that are missing are named") {
  const TemporaryFolder folder;
  write_set(folder.path(), "train", "t10k", {0, 1});
  fs::remove(folder / "t10k-labels-idx1-ubyte");
  CHECK(contains(idx_set_error(folder.path()), "no file with the t10k-labels; tried "));
  write_set(folder.path(), "train", "t10k", {0, 1});
  write_file(folder / "train-labels-idx1-ubyte", idx_labels({0, 1, 2}));
  CHECK(
      contains(idx_set_error(folder.path()), "number of labels is 3, expected 2, the number of images in "));
}

TEST_CASE("data. CIFAR's binary files are opened by their names") {
  const TemporaryFolder folder;
  const auto record = [](std::initializer_list<uint8_t> labels, uint8_t colour) {
    Bytes bytes(labels);
    bytes.insert(bytes.end(), 3072, colour);
    return bytes;
  };
  const fs::path small = folder / "cifar-10-batches-bin", large = folder / "hundred";
  for (int i = 1; i <= 5; ++i)
    write_file(small / ("data_batch_" + std::to_string(i) + ".bin"), record({3}, 200));
  write_file(small / "test_batch.bin", record({9}, 100));
  const Opened ten = data::open(folder.path());
  CHECK(ten.kind == "cifar10");
  CHECK(ten.train->size() == 5);
  CHECK(ten.train->classes() == 10);
  CHECK(ten.classes[3] == "3");

  write_file(large / "train.bin", record({7, 99}, 200));
  write_file(large / "test.bin", record({7, 50}, 100));
  std::string names;
  for (int i = 0; i < 100; ++i) names += "class_" + std::to_string(i) + "\r\n";
  write_file(large / "fine_label_names.txt", {names.begin(), names.end()});
  const Opened hundred = data::open(large, {.normalization = Normalization{{0, 0, 0}, {1, 1, 1}}});
  CHECK(hundred.kind == "cifar100");
  CHECK(hundred.classes[99] == "class_99");
  CHECK(sample(*hundred.train, 0).second == 99);  // not the coarse one
  CHECK(sample(*hundred.test, 0).first[3071] == doctest::Approx(100 / 255.0));
  write_file(large / "test.bin", record({7, 100}, 1));
  CHECK(idx_set_error(large).ends_with("test.bin: label 0 is 100, expected 0 to 99"));
  write_file(large / "test.bin", Bytes(3073));
  CHECK(idx_set_error(large).ends_with(
      "test.bin: file ends inside record 0: found 3073 bytes of it, expected 3074"));
}
