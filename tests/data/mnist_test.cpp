#include <doctest/doctest.h>

#include <tinynn/data/mnist.hpp>

#include "datasets/find.hpp"
#include "tests/data/fixtures.hpp"

using namespace tinynn;
using namespace tinynn::data;
using namespace fixtures;

namespace {

const Bytes three_labels{5, 0, 9};

float normalised(int pixel, double mean, double std) {
  return static_cast<float>((pixel / 255.0 - mean) / std);
}

std::string mnist_error(const fs::path& folder, Split split = Split::train) {
  return error_of([&] { mnist(folder, split); });
}

// Of the right sizes, normalised, and with the right labels in front.
void check_real(const Dataset& train, const Dataset& test, int64_t first_label, int64_t first_test_label) {
  CHECK(train.size() == 60000);
  CHECK(test.size() == 10000);
  CHECK(train.sample_shape() == Shape{1, 28, 28});
  CHECK(sample(train, 0).second == first_label);
  CHECK(sample(test, 0).second == first_test_label);
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < train.size(); ++i) {
    const auto [pixels, label] = sample(train, i);
    for (const double pixel : pixels) {
      sum += pixel;
      squares += pixel * pixel;
    }
  }
  const double count = 60000.0 * 28 * 28;
  CHECK(sum / count == doctest::Approx(0).epsilon(0.001));
  CHECK(squares / count == doctest::Approx(1).epsilon(0.001));
}

}  // namespace

TEST_CASE("data. mnist reads raw and gz files under both names") {
  for (const std::string joint : {"-", "."}) {
    for (const bool compressed : {false, true}) {
      const TemporaryFolder folder;
      const auto write = compressed ? write_gz : write_file;
      const std::string ending = compressed ? ".gz" : "";
      write(folder / ("train-images" + joint + "idx3-ubyte" + ending), idx_images(3, 2, 5));
      write(folder / ("train-labels" + joint + "idx1-ubyte" + ending), idx_labels(three_labels));
      const auto dataset = mnist(folder.path(), Split::train);
      CHECK(dataset->size() == 3);
      CHECK(dataset->sample_shape() == Shape{1, 2, 5});
      CHECK(dataset->classes() == 10);
      const auto [pixels, label] = sample(*dataset, 2);
      CHECK(label == 9);
      for (int i = 0; i < 10; ++i) {
        CHECK(pixels[i] == normalised(20 + i, 0.1307, 0.3081));
      }
    }
  }
}

TEST_CASE("data. mnist takes other statistics, fashion_mnist has its own, and test files their names") {
  const TemporaryFolder folder;
  write_file(folder / "t10k-images-idx3-ubyte", idx_images(3, 2, 5));
  write_gz(folder / "t10k-labels-idx1-ubyte.gz", idx_labels(three_labels));
  CHECK(sample(*mnist(folder.path(), Split::test), 0).first[1] == normalised(1, 0.1307, 0.3081));
  CHECK(sample(*mnist(folder.path(), Split::test, {.mean = 0, .std = 1}), 0).first[1] == normalised(1, 0, 1));
  CHECK(sample(*fashion_mnist(folder.path(), Split::test), 0).first[1] == normalised(1, 0.2860, 0.3530));
}

TEST_CASE("data. mnist names every path that it tried") {
  const TemporaryFolder folder;
  const auto path = [&](const char* name) { return (folder / name).string(); };
  CHECK(mnist_error(folder.path()) ==
        "mnist: no file with the train-images; tried " + path("train-images-idx3-ubyte") + ", " +
            path("train-images-idx3-ubyte.gz") + ", " + path("train-images.idx3-ubyte") + ", " +
            path("train-images.idx3-ubyte.gz"));
  write_file(folder / "t10k-images-idx3-ubyte", idx_images(3, 2, 5));
  fs::create_directory(folder / "t10k-labels-idx1-ubyte");
  CHECK(error_of([&] { fashion_mnist(folder.path(), Split::test); }) ==
        "fashion_mnist: no file with the t10k-labels; tried " + path("t10k-labels-idx1-ubyte") + ", " +
            path("t10k-labels-idx1-ubyte.gz") + ", " + path("t10k-labels.idx1-ubyte") + ", " +
            path("t10k-labels.idx1-ubyte.gz"));
}

TEST_CASE("data. mnist refuses labels that do not fit") {
  const TemporaryFolder folder;
  const auto images = folder / "train-images-idx3-ubyte", labels = folder / "train-labels-idx1-ubyte";
  write_file(images, idx_images(3, 2, 5));
  write_file(labels, idx_labels({1, 2}));
  CHECK(mnist_error(folder.path()) ==
        labels.string() + ": number of labels is 2, expected 3, the number of images in " + images.string());
  write_file(labels, idx_labels({9, 10, 0}));
  CHECK(mnist_error(folder.path()) == labels.string() + ": label 1 is 10, expected 0 to 9");
}

TEST_CASE("data. has_mnist wants all four files") {
  const TemporaryFolder folder;
  CHECK_FALSE(has_mnist(folder / "none"));
  CHECK_FALSE(has_mnist(folder.path()));
  for (const char* name : {"train-images-idx3-ubyte.gz", "train-labels.idx1-ubyte",
                           "t10k-images.idx3-ubyte.gz", "t10k-labels-idx1-ubyte"}) {
    write_file(folder / (std::string(name) + ".part"), {1});  // what a broken download leaves
    CHECK_FALSE(has_mnist(folder.path()));
    write_file(folder / name, {});
  }
  CHECK(has_mnist(folder.path()));
}

TEST_CASE("data. real mnist is what its authors say") {
  const auto folder = datasets::find("mnist");
  if (!folder) {
    MESSAGE("skipped: no MNIST; datasets/fetch.sh mnist gets it");
    return;
  }
  check_real(*mnist(*folder, Split::train), *mnist(*folder, Split::test), 5, 7);
}

TEST_CASE("data. real fashion-mnist is what its authors say") {
  const auto folder = datasets::find("fashion-mnist");
  if (!folder) {
    MESSAGE("skipped: no Fashion-MNIST; Debian's package dataset-fashion-mnist has it");
    return;
  }
  const auto train = fashion_mnist(*folder, Split::train);
  check_real(*train, *fashion_mnist(*folder, Split::test), 9, 9);
  std::vector<int64_t> count(10);
  for (int64_t i = 0; i < train->size(); ++i) ++count[sample(*train, i).second];
  CHECK(count == std::vector<int64_t>(10, 6000));
}
