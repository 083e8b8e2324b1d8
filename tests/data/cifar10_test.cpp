#include <doctest/doctest.h>

#include <tinynn/data/cifar10.hpp>

#include "datasets/find.hpp"
#include "tests/data/fixtures.hpp"
#include "tests/data/image_writer.hpp"

using namespace tinynn;
using namespace tinynn::data;
using namespace fixtures;

namespace {

// Records with these labels; the pixels of each count up from its label.
Bytes records(const Bytes& labels) {
  Bytes bytes;
  for (const uint8_t label : labels) {
    bytes.push_back(label);
    for (size_t i = 0; i < 3072; ++i) bytes.push_back(static_cast<uint8_t>(label + i));
  }
  return bytes;
}

void write_train_batches(const fs::path& folder) {
  for (uint8_t i = 1; i <= 5; ++i) {
    write_file(folder / ("data_batch_" + std::to_string(i) + ".bin"),
               records({i, static_cast<uint8_t>(i + 4)}));
  }
}

std::string cifar_error(const fs::path& folder, Split split) {
  return error_of([&] { cifar10(folder, split); });
}

}  // namespace

TEST_CASE("data. cifar10 reads the binary version") {
  for (const char* place : {"", "cifar-10-batches-bin"}) {
    const TemporaryFolder folder;
    write_train_batches(folder / place);
    write_file(folder / place / "test_batch.bin", records({7}));
    const auto train = cifar10(folder.path(), Split::train), test = cifar10(folder.path(), Split::test);
    CHECK(train->size() == 10);
    CHECK(train->sample_shape() == Shape{3, 32, 32});
    CHECK(train->classes() == 10);
    const std::vector<int64_t> labels{1, 5, 2, 6, 3, 7, 4, 8, 5, 9};
    for (int64_t i = 0; i < 10; ++i) CHECK(sample(*train, i).second == labels[i]);
    const auto [pixels, label] = sample(*test, 0);
    CHECK(label == 7);
    CHECK(pixels[0] == static_cast<float>((7 / 255.0 - 0.4914) / 0.2470));
    CHECK(pixels[1024 + 2] == static_cast<float>((9 / 255.0 - 0.4822) / 0.2435));
    CHECK(pixels[2048 + 3] == static_cast<float>((10 / 255.0 - 0.4465) / 0.2616));
    const auto plain = cifar10(folder.path(), Split::test, {.mean = {0, 0, 0}, .std = {1, 1, 1}});
    CHECK(sample(*plain, 0).first[1] == static_cast<float>(8 / 255.0));
  }
}

TEST_CASE("data. cifar10 refuses files that are not right") {
  const TemporaryFolder folder;
  const auto file = folder / "test_batch.bin";
  write_file(file, {});
  CHECK(cifar_error(folder.path(), Split::test) ==
        file.string() + ": file ends inside record 0: found 0 bytes of it, expected 3073");
  auto bytes = records({1, 2});
  bytes.pop_back();
  write_file(file, bytes);
  CHECK(cifar_error(folder.path(), Split::test) ==
        file.string() + ": file ends inside record 1: found 3072 bytes of it, expected 3073");
  write_file(file, records({1, 10}));
  CHECK(cifar_error(folder.path(), Split::test) == file.string() + ": label 1 is 10, expected 0 to 9");
  write_gz(file, Bytes(60001 * 3073));
  CHECK(cifar_error(folder.path(), Split::test) ==
        file.string() + ": more than 60000 records, as many as CIFAR has");
  write_train_batches(folder.path());
  fs::remove(folder / "data_batch_4.bin");
  CHECK(cifar_error(folder.path(), Split::train) ==
        (folder / "data_batch_4.bin").string() + ": cannot open: No such file or directory");
}

TEST_CASE("data. cifar10 names every path that it tried") {
  const TemporaryFolder folder;
  CHECK(cifar_error(folder.path(), Split::test) ==
        "cifar10: no files; tried " + (folder / "test_batch.bin").string() + ", " +
            (folder / "cifar-10-batches-bin/test_batch.bin").string() + ", " + (folder / "test").string());
  const auto error = cifar_error(folder.path(), Split::train);
  for (int i = 1; i <= 5; ++i) {
    CHECK(error.find("data_batch_" + std::to_string(i) + ".bin") != std::string::npos);
  }
  CHECK(error.ends_with((folder / "train").string()));
}

TEST_CASE("data. cifar10 reads a folder of images") {
  const TemporaryFolder folder;
  for (int label = 0; label < 10; ++label) {
    write_image(folder / "test" / ("class" + std::to_string(label)) / "0.png", 32, 32, 3,
                paint(32, 32, 3, [&](int, int, int c) { return 10 * label + c; }));
  }
  const auto dataset = cifar10(folder.path(), Split::test);
  CHECK(dataset->size() == 10);
  const auto [pixels, label] = sample(*dataset, 8);
  CHECK(label == 8);
  CHECK(pixels[0] == static_cast<float>((80 / 255.0 - 0.4914) / 0.2470));
  CHECK(pixels[2048] == static_cast<float>((82 / 255.0 - 0.4465) / 0.2616));

  fs::remove_all(folder / "test/class9");
  CHECK(cifar_error(folder.path(), Split::test) ==
        "cifar10: 9 folders in " + (folder / "test").string() + ", expected 10, one for each class");
  write_image(folder / "train/cat/0.png", 28, 28, 3, paint(28, 28, 3, [](int, int, int) { return 0; }));
  CHECK(cifar_error(folder.path(), Split::train) == "cifar10: images in " + (folder / "train").string() +
                                                        " are of shape (3, 28, 28), expected (3, 32, 32)");
}

TEST_CASE("data. has_cifar10 wants the files of both splits, or both folders of images") {
  const TemporaryFolder folder;
  CHECK_FALSE(has_cifar10(folder / "none"));
  CHECK_FALSE(has_cifar10(folder.path()));
  write_file(folder / "cifar-10-binary.tar.gz.part", {1});
  write_train_batches(folder.path());
  CHECK_FALSE(has_cifar10(folder.path()));
  write_file(folder / "test_batch.bin", {});
  CHECK(has_cifar10(folder.path()));
  fs::remove(folder / "data_batch_3.bin");
  CHECK_FALSE(has_cifar10(folder.path()));
  fs::create_directory(folder / "train");
  CHECK(has_cifar10(folder.path()));
  fs::remove(folder / "test_batch.bin");
  CHECK_FALSE(has_cifar10(folder.path()));
  fs::create_directory(folder / "test");
  CHECK(has_cifar10(folder.path()));
}

TEST_CASE("data. real cifar10 is what its authors say") {
  const auto folder = datasets::find("cifar10");
  if (!folder) {
    MESSAGE("skipped: no CIFAR-10; datasets/fetch.sh cifar10 gets it");
    return;
  }
  const auto train = cifar10(*folder, Split::train), test = cifar10(*folder, Split::test);
  CHECK(train->size() == 50000);
  CHECK(test->size() == 10000);
  std::vector<int64_t> count(10);
  std::vector<double> sum(3);
  for (int64_t i = 0; i < train->size(); ++i) {
    const auto [pixels, label] = sample(*train, i);
    ++count[label];
    for (size_t k = 0; k < pixels.size(); ++k) sum[k / 1024] += pixels[k];
  }
  CHECK(count == std::vector<int64_t>(10, 5000));
  for (const double channel : sum) CHECK(channel / 50000 / 1024 == doctest::Approx(0).epsilon(0.005));
}
