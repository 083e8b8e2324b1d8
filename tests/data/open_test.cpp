#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/data/open.hpp>
#include <tinynn/data/parts.hpp>

#include "tests/data/fixtures.hpp"
#include "tests/support/draw.hpp"

using namespace tinynn;
using namespace tinynn::data;
using namespace fixtures;

TEST_CASE("data. a stratified split takes its share of every class") {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    test::Draw draw(seed);
    std::vector<int64_t> labels(static_cast<size_t>(draw.between(2, 200)));
    for (int64_t& label : labels) label = draw.between(0, 5);
    const double fraction = static_cast<double>(draw.between(1, 9)) / 10;
    const auto [first, second] = stratified_split(labels, fraction, seed);
    std::vector<int64_t> all = first;
    all.insert(all.end(), second.begin(), second.end());
    CHECK(std::ranges::is_sorted(first));
    CHECK(std::ranges::is_sorted(second));
    std::ranges::sort(all);
    REQUIRE(all.size() == labels.size());
    for (size_t i = 0; i < all.size(); ++i) CHECK(all[i] == static_cast<int64_t>(i));
    for (int64_t label = 0; label <= 5; ++label) {
      const auto count = [&](const std::vector<int64_t>& indices) {
        return std::ranges::count_if(indices, [&](int64_t i) { return labels[i] == label; });
      };
      const int64_t mine = count(second), whole = count(all);
      CHECK(std::abs(static_cast<double>(mine) - fraction * static_cast<double>(whole)) <= 1);
      if (whole >= 2) CHECK(mine >= 1);
      if (whole >= 1) CHECK(mine < whole);
    }
  }
}

TEST_CASE("data. what is measured is what the field uses: four decimals, over every pixel") {
  const Images images{.channels = 2,
                      .height = 1,
                      .width = 2,
                      .pixels = {0, 255, 7, 7, 255, 255, 7, 7},
                      .labels = {0, 0},
                      .classes = 1};
  const Normalization measured = measure(images);
  CHECK(measured.mean == std::vector{0.75, 0.0275});
  CHECK(measured.std == std::vector{0.433, 1.0});  // sqrt(3) / 4; of one colour 1
}

TEST_CASE("data. classes are numbered as a network knows them, and no others are taken") {
  const auto dataset = std::make_shared<TensorDataset>(zeros({3, 2}), Labels({0, 1, 1}), 3);
  const std::vector<std::string> classes{"cat", "dog", "cow"}, known{"bee", "dog", "ant", "cat"};
  const DatasetPtr same = with_classes(dataset, classes, classes);
  CHECK(same == dataset);
  const DatasetPtr other = with_classes(dataset, classes, known);  // no sample is a cow
  CHECK(other->classes() == 4);
  CHECK(sample(*other, 0).second == 3);
  CHECK(sample(*other, 2).second == 1);
  CHECK(error_of([&] {
          with_classes(dataset, classes, {"cat", "cow"});
        }) == "class \"dog\" is none of the 2 that the network was trained on: cat, cow");
}

TEST_CASE("data. opened pictures are scaled and change their colours") {
  const TemporaryFolder folder;
  for (const char* part : {"train", "t10k"}) {
    write_file(folder / (std::string(part) + "-images-idx3-ubyte"),
               idx(0x0803, {2, 2, 2}, {9, 9, 9, 9, 200, 200, 200, 200}));
    write_file(folder / (std::string(part) + "-labels-idx1-ubyte"), idx_labels({0, 1}));
  }
  const Opened opened = data::open(
      folder.path(),
      {.size = ImageSize{4, 6}, .channels = 3, .normalization = Normalization{{0, 0, 0}, {1, 1, 1}}});
  CHECK(opened.train->sample_shape() == Shape{3, 4, 6});
  for (const float pixel : sample(*opened.train, 1).first) CHECK(pixel == doctest::Approx(200 / 255.0));
  CHECK(data::detail::with_channels({255, 0, 0}, 3, 1, 1)[0] == 255 * 77 / 256);
  CHECK(error_of([&] {
          data::open(folder.path(), {.channels = 2});
        }).ends_with("pictures of 1 channels, 2 wanted, expected 1 or 3"));
  CHECK(error_of([&] {
          data::open(folder.path(), {.size = ImageSize{0, 5}});
        }).ends_with("size is 0 x 5, expected sides of 1 to 32768"));
  CHECK(error_of([&] {
          data::open(folder.path(), {.normalization = Normalization{{0, 0}, {1, 1}}});
        }) == "ImageDataset: 2 means and 2 sds for images of shape (1, 2, 2), expected 1 of each");
}

TEST_CASE("data. too few samples to set some aside are refused") {
  const TemporaryFolder folder;
  const std::string text = "a,label\n1,x\n2,y\n";
  write_file(folder / "a.csv", {text.begin(), text.end()});
  CHECK(error_of([&] { data::open(folder / "a.csv"); })
            .ends_with("a.csv: 2 samples, of which 0 would be set aside for testing, expected more, or a "
                       "part for testing"));
  CHECK(error_of([&] {
          data::open(folder / "a.csv", {.test_fraction = 1});
        }).ends_with("test fraction is 1, expected more than 0, less than 1"));
}
