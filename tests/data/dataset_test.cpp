#include <algorithm>
#include <array>
#include <numeric>

#include <doctest/doctest.h>

#include <tinynn/data/data_loader.hpp>
#include <tinynn/data/dataset.hpp>
#include <tinynn/data/image_dataset.hpp>
#include <tinynn/data/transform.hpp>

#include "tests/data/fixtures.hpp"

using namespace tinynn;
using namespace tinynn::data;
using fixtures::error_of;
using fixtures::sample;

namespace {

DatasetPtr rows_of_one(int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), 0.0F);
  return std::make_shared<TensorDataset>(tensor(values, {count, 1}),
                                         Labels(std::vector<int64_t>(values.size(), 0)));
}

std::vector<int64_t> values_of(const Dataset& dataset) {
  std::vector<int64_t> values;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    values.push_back(static_cast<int64_t>(sample(dataset, i).first[0]));
  }
  return values;
}

Images two_images() {
  return {.channels = 3,
          .height = 2,
          .width = 1,
          .pixels = {0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6},
          .labels = {1, 4},
          .classes = 5};
}

}  // namespace

TEST_CASE("data. a tensor dataset gives rows and labels") {
  const TensorDataset dataset(tensor({1, 2, 3, 4, 5, 6}, {3, 1, 2}), Labels({2, 0, 1}));
  CHECK(dataset.size() == 3);
  CHECK(dataset.sample_shape() == Shape{1, 2});
  CHECK(dataset.classes() == 3);
  CHECK(sample(dataset, 1) == std::pair(std::vector<float>{3, 4}, int64_t{0}));
  CHECK(TensorDataset(zeros({1, 2}), Labels({2}), 10).classes() == 10);
}

TEST_CASE("data. a tensor dataset refuses what does not fit") {
  CHECK(error_of([] { TensorDataset(zeros({}), Labels()); }) ==
        "TensorDataset: x is a scalar, expected a tensor of samples (n, ...)");
  CHECK(error_of([] {
          TensorDataset(zeros({3, 2}), Labels({1, 2}));
        }) == "TensorDataset: 2 labels for x of shape (3, 2), expected 3");
  CHECK(error_of([] {
          TensorDataset(zeros({2, 2}), Labels({1, 3}), 3);
        }) == "TensorDataset: label 1 is 3, expected 0 to 2");
  CHECK(error_of([] {
          TensorDataset(zeros({1, 2}), Labels({-1}));
        }) == "TensorDataset: label 0 is -1, expected 0 to -1");
  const TensorDataset dataset(zeros({2, 2}), Labels({0, 1}));
  CHECK(error_of([&] { sample(dataset, 2); }) == "TensorDataset: no sample 2 among 2");
  CHECK(error_of([&] { sample(dataset, -1); }) == "TensorDataset: no sample -1 among 2");
}

TEST_CASE("data. an image dataset normalises every channel by its own mean and std") {
  const ImageDataset dataset(two_images(), {.mean = {0, 0.5, 0.25}, .std = {1, 0.5, 2}});
  const Normalization said = dataset.normalization();
  for (size_t c = 0; c < 3; ++c) {
    CHECK(said.mean[c] == doctest::Approx(std::array{0.0, 0.5, 0.25}[c]));
    CHECK(said.std[c] == doctest::Approx(std::array{1.0, 0.5, 2.0}[c]));
  }
  CHECK(dataset.sample_shape() == Shape{3, 2, 1});
  CHECK(dataset.classes() == 5);
  const auto [pixels, label] = sample(dataset, 0);
  CHECK(label == 1);
  const std::vector<double> expected{0,
                                     51 / 255.0,
                                     (102 / 255.0 - 0.5) / 0.5,
                                     (153 / 255.0 - 0.5) / 0.5,
                                     (204 / 255.0 - 0.25) / 2,
                                     (1 - 0.25) / 2};
  for (size_t i = 0; i < expected.size(); ++i) CHECK(pixels[i] == static_cast<float>(expected[i]));
  CHECK(sample(dataset, 1).second == 4);
  CHECK(sample(dataset, 1).first[1] == static_cast<float>(2 / 255.0));
}

TEST_CASE("data. an image dataset refuses what does not fit") {
  const Normalization plain{{0, 0, 0}, {1, 1, 1}};
  CHECK(error_of([&] {
          ImageDataset(two_images(), {{0}, {1}});
        }) == "ImageDataset: 1 means and 1 sds for images of shape (3, 2, 1), expected 3 of each");
  CHECK(error_of([&] {
          ImageDataset(two_images(), {{0, 0, 0}, {1, 0, 1}});
        }) == "ImageDataset: std is 0, expected a finite number above 0");
  auto images = two_images();
  images.pixels.pop_back();
  CHECK(error_of([&] { ImageDataset(images, plain); }) ==
        "ImageDataset: 11 pixels, expected 12 for 2 labels and images of shape (3, 2, 1)");
  images = two_images();
  images.classes = 4;
  CHECK(error_of([&] { ImageDataset(images, plain); }) == "ImageDataset: label 1 is 4, expected 0 to 3");
  const ImageDataset dataset(two_images(), plain);
  CHECK(error_of([&] { sample(dataset, 2); }) == "ImageDataset: no sample 2 among 2");
}

TEST_CASE("data. a subset renumbers") {
  const Subset subset(rows_of_one(10), {7, 0, 7});
  CHECK(values_of(subset) == std::vector<int64_t>{7, 0, 7});
  CHECK(subset.sample_shape() == Shape{1});
  CHECK(error_of([] { Subset(rows_of_one(10), {0, 10}); }) == "Subset: no sample 10 among 10");
  CHECK(error_of([&] { sample(subset, 3); }) == "Subset: no sample 3 among 3");
  CHECK(error_of([] { Subset(nullptr, {}); }) == "Subset: no dataset");
}

TEST_CASE("data. a random split shares no sample and repeats with its seed") {
  const auto dataset = rows_of_one(100);
  const auto [first, rest] = random_split(dataset, 30, 1);
  CHECK(first->size() == 30);
  CHECK(rest->size() == 70);
  auto all = values_of(*first);
  const auto others = values_of(*rest);
  CHECK(!std::is_sorted(all.begin(), all.end()));
  CHECK(values_of(*random_split(dataset, 0.3, 1).first) == all);
  CHECK(values_of(*random_split(dataset, 30, 2).first) != all);
  all.insert(all.end(), others.begin(), others.end());
  std::sort(all.begin(), all.end());
  CHECK(all == values_of(*dataset));
  CHECK(random_split(dataset, 1.0F, 1).second->size() == 0);
  CHECK(random_split(rows_of_one(7), 0.5, 1).first->size() == 4);
}

TEST_CASE("data. a random split refuses what cannot be") {
  CHECK(error_of([] { random_split(rows_of_one(3), 4, 1); }) == "random_split: cannot take 4 of 3 samples");
  CHECK(error_of([] { random_split(rows_of_one(3), -1, 1); }) == "random_split: cannot take -1 of 3 samples");
  CHECK(error_of([] { random_split(rows_of_one(3), 1.5, 1); }) ==
        "random_split: fraction is 1.5, expected 0 to 1");
  CHECK(error_of([] { random_split(nullptr, 1, 1); }) == "random_split: no dataset");
}

TEST_CASE("data. targets that are tensors go with their samples, through selections and loaders") {
  const Tensor x = rand({6, 2}), y = rand({6, 3});
  const auto pairs = std::make_shared<TensorDataset>(x, y);
  CHECK(pairs->classes() == 0);
  data::DataLoader loader(std::make_shared<Subset>(pairs, std::vector<int64_t>{4, 1, 5}), {.batch_size = 2});
  std::vector<float> seen;
  for (const auto& [inputs, targets] : loader) {
    CHECK(targets.size() == inputs.size(0));
    CHECK_FALSE(targets.are_labels());
    for (const float v : targets.tensor().values()) seen.push_back(v);
  }
  std::vector<float> expected;
  for (const int64_t i : {4, 1, 5}) expected.insert(expected.end(), y.data() + 3 * i, y.data() + 3 * i + 3);
  CHECK(seen == expected);
  CHECK_THROWS_WITH_AS(
      TensorDataset(x, rand({5, 3})),
      "TensorDataset: targets of shape (5, 3) for x of shape (6, 2), expected one for each sample (n, ...)",
      Error);

  struct Half : TensorDataset {  // names a shape, and nothing to fill it
    Half() : TensorDataset(ones({2, 2}), Labels({0, 1})) {}
    std::optional<Shape> target_shape() const override { return Shape{1}; }
    void get_target(int64_t i, Generator& generator, float* out) const override {
      Dataset::get_target(i, generator, out);
    }
  };
  data::DataLoader broken(std::make_shared<Half>(), {.batch_size = 2, .prefetch = false});
  CHECK_THROWS_WITH_AS(broken.begin(), "dataset: it has a target_shape(), but no get_target()", Error);
}

TEST_CASE("data. an auto-encoder's target has the augmentation of its input") {
  const auto images = std::make_shared<TensorDataset>(rand({4, 1, 6, 6}), Labels({0, 1, 0, 1}));
  const auto flipped = transformed(images, {random_crop(6, {.padding = 2}), random_horizontal_flip()});
  data::DataLoader loader(with_inputs_as_targets(flipped), {.batch_size = 4, .seed = 3});
  for (int epoch = 0; epoch < 3; ++epoch) {
    for (const auto& [inputs, targets] : loader) CHECK(inputs.to_vector() == targets.tensor().to_vector());
  }
}
