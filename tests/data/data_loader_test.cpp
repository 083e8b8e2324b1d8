#include <algorithm>
#include <atomic>
#include <chrono>
#include <iterator>
#include <limits>
#include <numeric>
#include <ranges>
#include <thread>

#include <doctest/doctest.h>

#include <tinynn/core/parallel.hpp>
#include <tinynn/data/data_loader.hpp>

#include "tests/data/fixtures.hpp"

using namespace tinynn;
using namespace tinynn::data;
using fixtures::error_of;

static_assert(std::input_iterator<BatchIterator>);
static_assert(std::sentinel_for<std::default_sentinel_t, BatchIterator>);
static_assert(std::ranges::input_range<DataLoader>);

namespace {

// Sample i is (i, i + a random number of its generator) and has label i % 7; one sample may be broken.
class Numbers : public Dataset {
 public:
  explicit Numbers(int64_t count, int64_t broken = -1) : count_(count), broken_(broken) {}
  int64_t size() const override { return count_; }
  Shape sample_shape() const override { return {2}; }
  int64_t classes() const override { return 7; }
  int64_t get(int64_t i, Generator& generator, float* out) const override {
    check(i != broken_, "sample ", i, " is broken");
    ++loaded;
    out[0] = static_cast<float>(i);
    out[1] = static_cast<float>(static_cast<double>(i) + generator.uniform());
    return i % 7;
  }
  mutable std::atomic<int64_t> loaded = 0;

 private:
  int64_t count_, broken_;
};

DatasetPtr numbers(int64_t count, int64_t broken = -1) { return std::make_shared<Numbers>(count, broken); }

using Values = std::vector<std::vector<float>>;  // by batch

Values one_epoch(DataLoader& loader) {
  Values values;
  for (auto& [images, labels] : loader) {
    values.push_back(images.to_vector());
    REQUIRE(images.shape() == Shape{labels.size(), 2});
    for (int64_t i = 0; i < labels.size(); ++i) {
      CHECK(labels[i] == static_cast<int64_t>(images.data()[2 * i]) % 7);
    }
  }
  return values;
}

std::vector<int64_t> order(const Values& batches) {
  std::vector<int64_t> result;
  for (const auto& batch : batches) {
    for (size_t i = 0; i < batch.size(); i += 2) result.push_back(static_cast<int64_t>(batch[i]));
  }
  return result;
}

std::vector<int64_t> in_order(int64_t count) {
  std::vector<int64_t> result(static_cast<size_t>(count));
  std::iota(result.begin(), result.end(), int64_t{0});
  return result;
}

}  // namespace

TEST_CASE("data. a loader gives every sample once, in plain order, the last batch short") {
  for (const bool prefetch : {false, true}) {
    DataLoader loader(numbers(10), {.batch_size = 4, .prefetch = prefetch});
    CHECK(loader.size() == 3);
    CHECK(loader.samples() == 10);
    const auto batches = one_epoch(loader);
    REQUIRE(batches.size() == 3);
    CHECK(batches[2].size() == 2 * 2);
    CHECK(order(batches) == in_order(10));
  }
}

TEST_CASE("data. drop_last leaves out a batch that is not full") {
  DataLoader loader(numbers(10), {.batch_size = 4, .drop_last = true});
  CHECK(loader.size() == 2);
  CHECK(loader.samples() == 8);
  CHECK(order(one_epoch(loader)) == in_order(8));
  DataLoader exact(numbers(8), {.batch_size = 4, .drop_last = true});
  CHECK(exact.size() == 2);
  CHECK(exact.samples() == 8);
  DataLoader none(numbers(3), {.batch_size = 4, .drop_last = true});
  CHECK(none.size() == 0);
  CHECK(none.samples() == 0);
  CHECK(one_epoch(none).empty());
}

TEST_CASE("data. the batch size is 1 by default and may exceed the dataset") {
  DataLoader single(numbers(3));
  CHECK(single.size() == 3);
  CHECK(order(one_epoch(single)) == in_order(3));
  DataLoader large(numbers(3), {.batch_size = std::numeric_limits<int64_t>::max()});
  CHECK(large.size() == 1);
  CHECK(large.samples() == 3);
  CHECK(order(one_epoch(large)) == in_order(3));
}

TEST_CASE("data. shuffling gives every sample once, in another order each epoch") {
  DataLoader loader(numbers(100), {.batch_size = 8, .shuffle = true, .seed = 1});
  const auto first = order(one_epoch(loader)), second = order(one_epoch(loader));
  CHECK(first != in_order(100));
  CHECK(first != second);
  for (auto epoch : {first, second}) {
    std::sort(epoch.begin(), epoch.end());
    CHECK(epoch == in_order(100));
  }
}

TEST_CASE("data. order and random numbers depend on seed and epoch alone") {
  const auto epochs = [](const DataLoaderOptions& options) {
    DataLoader loader(numbers(50), options);
    const auto first = one_epoch(loader);
    return std::pair(first, one_epoch(loader));
  };
  const auto expected = epochs({.batch_size = 8, .shuffle = true, .prefetch = false, .seed = 1});
  CHECK(expected.first != expected.second);
  CHECK(epochs({.batch_size = 8, .shuffle = true, .prefetch = true, .seed = 1}) == expected);
  CHECK(epochs({.batch_size = 8, .shuffle = true, .seed = 2}) != expected);
  const int64_t threads = num_threads();
  for (const int64_t count : {1, 4}) {
    set_num_threads(count);
    CHECK(epochs({.batch_size = 8, .shuffle = true, .seed = 1}) == expected);
  }
  set_num_threads(threads);

  // Another batch size cuts the same samples elsewhere.
  DataLoader other(numbers(50), {.batch_size = 50, .shuffle = true, .seed = 1});
  std::vector<float> joined;
  for (const auto& batch : expected.first) joined.insert(joined.end(), batch.begin(), batch.end());
  CHECK(one_epoch(other)[0] == joined);

  DataLoader later(numbers(50), {.batch_size = 8, .shuffle = true, .seed = 1});
  later.set_epoch(1);
  CHECK(one_epoch(later) == expected.second);
  CHECK(later.epoch() == 2);
}

TEST_CASE("data. without shuffling the random numbers still differ from epoch to epoch") {
  DataLoader loader(numbers(10), {.batch_size = 10, .seed = 1});
  const auto first = one_epoch(loader), second = one_epoch(loader);
  CHECK(order(first) == order(second));
  CHECK(first != second);
}

TEST_CASE("data. without a seed the order comes from manual_seed") {
  const auto first_epoch = [] {
    DataLoader loader(numbers(50), {.batch_size = 8, .shuffle = true});
    return one_epoch(loader);
  };
  manual_seed(3);
  const auto expected = first_epoch();
  CHECK(first_epoch() != expected);
  manual_seed(3);
  CHECK(first_epoch() == expected);
  manual_seed(4);
  CHECK(first_epoch() != expected);
}

TEST_CASE("data. loops over one loader may nest and end early") {
  for (const bool prefetch : {false, true}) {
    DataLoader loader(numbers(10), {.batch_size = 3, .prefetch = prefetch});
    int64_t inner_samples = 0;
    for (auto& [images, labels] : loader) {
      const auto before = images.to_vector();
      for (auto& [inner_images, inner_labels] : loader) {
        inner_samples += inner_labels.size();
        if (inner_samples % 4 == 0) break;
      }
      CHECK(images.to_vector() == before);
    }
    CHECK(inner_samples > 10);
    for (auto& batch : loader) {
      CHECK(batch.targets.size() == 3);
      break;
    }
  }
}

TEST_CASE("data. iterators live side by side, move, and outlive their loader") {
  auto loader = std::make_unique<DataLoader>(numbers(6), DataLoaderOptions{.batch_size = 2});
  auto first = loader->begin(), second = loader->begin();
  ++first;
  CHECK(first->inputs.data()[0] == 2);
  CHECK(second->inputs.data()[0] == 0);
  loader.reset();
  auto moved = std::move(first);
  ++moved;
  CHECK((*moved).inputs.data()[0] == 4);
  CHECK(moved != std::default_sentinel);
  moved++;
  CHECK(moved == std::default_sentinel);
  second = std::move(moved);
  CHECK(second == std::default_sentinel);
}

TEST_CASE("data. a kept batch is not written over") {
  DataLoader loader(numbers(6), {.batch_size = 2});
  std::vector<Batch> kept;
  for (auto& batch : loader) kept.push_back(batch);
  REQUIRE(kept.size() == 3);
  CHECK(kept[0].inputs.data()[0] == 0);
  CHECK(kept[2].inputs.data()[2] == 5);
}

TEST_CASE("data. an exception comes out at the batch that caused it") {
  for (const bool prefetch : {false, true}) {
    DataLoader loader(numbers(10, 5), {.batch_size = 2, .prefetch = prefetch});
    auto batch = loader.begin();
    ++batch;
    CHECK(batch->targets[0] == 2);
    CHECK(error_of([&] { ++batch; }) == "sample 5 is broken");
    ++batch;  // the one after it
    CHECK(batch->targets[0] == 6);
    DataLoader at_once(numbers(10, 0), {.batch_size = 2, .prefetch = prefetch});
    CHECK(error_of([&] { (void)at_once.begin(); }) == "sample 0 is broken");
    // Nobody asks for the broken batch.
    for (auto& [images, labels] : loader) {
      if (labels[0] == 2) break;
    }
  }
}

TEST_CASE("data. prefetching stays one batch ahead") {
  const auto dataset = std::make_shared<Numbers>(100);
  DataLoader loader(dataset, {.batch_size = 10});
  const auto batch = loader.begin();
  for (int wait = 0; wait < 1000 && dataset->loaded < 20; ++wait) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(dataset->loaded == 20);
  CHECK(batch->targets.size() == 10);
}

TEST_CASE("data. iterators that end mid-way leave nothing behind") {
  for (int round = 0; round < 200; ++round) {
    DataLoader loader(numbers(20), {.batch_size = 3, .shuffle = true, .seed = 1});
    auto batch = loader.begin();
    for (int step = 0; step < round % 8 && batch != loader.end(); ++step) ++batch;
  }
}

TEST_CASE("data. after the first epochs a loader asks for no memory") {
  for (const bool prefetch : {false, true}) {
    DataLoader loader(numbers(1000), {.batch_size = 64, .shuffle = true, .prefetch = prefetch, .seed = 1});
    one_epoch(loader);
    // At most two batches are alive, the one in use and the next; how often both are is a matter of timing.
    { const Tensor first({64, 2}), second({64, 2}); }
    const auto before = memory_stats().allocations;
    for (int epoch = 0; epoch < 20; ++epoch) one_epoch(loader);
    CHECK(memory_stats().allocations == before);
  }
}

TEST_CASE("data. an example is the first batch in plain order and starts no epoch") {
  DataLoader loader(numbers(10), {.batch_size = 4, .shuffle = true, .seed = 1});
  const Tensor example = loader.example();
  CHECK(example.shape() == Shape{4, 2});
  for (int64_t i = 0; i < 4; ++i) CHECK(example.data()[2 * i] == static_cast<float>(i));
  CHECK(loader.epoch() == 0);
  CHECK(DataLoader(numbers(3), {.batch_size = 4, .drop_last = true}).example().shape() == Shape{3, 2});
}

TEST_CASE("data. a loader refuses what cannot be") {
  CHECK(error_of([] { DataLoader(nullptr); }) == "DataLoader: no dataset");
  CHECK(error_of([] { DataLoader(numbers(0)); }) ==
        "DataLoader: the dataset is empty, expected at least one sample");
  CHECK(error_of([] { DataLoader(numbers(1), {.batch_size = 0}); }) ==
        "DataLoader: batch_size is 0, expected at least 1");
  CHECK(error_of([] { DataLoader(numbers(1), {.batch_size = -5}); }) ==
        "DataLoader: batch_size is -5, expected at least 1");
}
