// The forms in which a file holds a parameter with a mask, all behind one reader.
#include <algorithm>

#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/io/deflate.hpp>

#include "tests/io/bag.hpp"

using namespace tinynn;
using namespace io_fixtures;
using io::Storage;

namespace {

constexpr Storage all_forms[] = {Storage::dense, Storage::compressed, Storage::smallest};

Mask random_mask(const Shape& shape, double density, uint64_t seed) {
  const RandomStream dice(seed, 7);
  Mask mask(shape);
  for (int64_t i = 0; i < shape.numel(); ++i)
    mask.set(i, static_cast<double>(dice.below(static_cast<uint64_t>(i), 1000)) < 1000 * density);
  return mask;
}

std::string file_bytes(nn::Module& module, Storage storage) {
  const TemporaryFolder folder;
  io::save(module, folder / "x", {.storage = storage});
  return read_file(folder / "x");
}

// What the two streams of a compressed parameter hold.
struct Streams {
  std::vector<uint8_t> numbers, values;
};
Streams streams_of(const io::SafetensorsFile& file, const std::string& name) {
  const auto bytes = io::elements<uint8_t>(*file.find(name));
  std::span<const uint8_t> rest(bytes);
  Streams result;
  result.numbers = io::detail::inflated(rest, 1 << 20, "first");
  result.values = io::detail::inflated(rest, 1 << 20, "second");
  CHECK(rest.empty());
  return result;
}

// A parameter of one row in which exactly these columns are alive.
Bag row_with(int64_t columns, const std::vector<int64_t>& alive) {
  Bag bag({{"w", ones({1, columns})}});
  Mask mask(Shape{1, columns}, false);
  for (int64_t column : alive) mask.set(column, true);
  bag[0].set_mask(mask);
  return bag;
}

}  // namespace

TEST_CASE("io. every form brings back values and masks of random shapes and densities bit by bit") {
  uint64_t trial = 0;
  for (const double density : {0.0, 0.003, 0.05, 0.1, 0.3, 0.7, 1.0}) {
    for (int64_t rank = 0; rank <= 4; ++rank) {
      const RandomStream dice(2025, ++trial);
      std::vector<int64_t> sizes;
      for (int64_t d = 0; d < rank; ++d)
        sizes.push_back(1 + static_cast<int64_t>(dice.below(static_cast<uint64_t>(d), rank == 2 ? 90 : 9)));
      const Shape shape{std::span<const int64_t>(sizes)};
      Bag bag({{"w", randn(shape)}, {"b", randn({5})}});
      bag[0].set_mask(random_mask(shape, density, trial));
      if (shape.numel() > 1) {  // zero, and yet alive
        Mask mask = bag[0].mask();
        mask.set(1, true);
        bag[0].set_mask(mask);
      }
      std::vector<int64_t> bytes;
      for (const Storage storage : all_forms) {
        CAPTURE(trial);
        CAPTURE(storage_name(storage));
        Bag other({{"w", randn(shape)}, {"b", randn({5})}});
        const std::string written = file_bytes(bag, storage);
        REQUIRE(message_of(other, written) == "no error");
        CHECK(bits(other[0]) == bits(bag[0]));
        CHECK(other[0].mask() == bag[0].mask());
        CHECK(bits(other[1]) == bits(bag[1]));
        CHECK(file_bytes(other, storage) == written);  // equal modules give equal files
        bytes.push_back(static_cast<int64_t>(written.size()));
        if (storage != Storage::smallest) CHECK(io::stored_as(parse(written), "w").storage == storage);
      }
      // The header is padded to a multiple of 8.
      CHECK(bytes[2] < std::min(bytes[0], bytes[1]) + 8);
    }
  }
}

TEST_CASE("io. the bytes of the compressed form") {
  Bag bag({{"w", tensor({1, 2, 3, 4, 5, 6, 7, 8, 9, -10}, {2, 5})}, {"b", ones({1})}});
  bag[0].set_mask(mask_of({2, 5}, {1, 0, 0, 1, 1, 0, 0, 0, 0, 1}));
  const auto file = io::to_file(bag, {.storage = Storage::compressed});
  REQUIRE(file.tensors.size() == 2);
  CHECK(file.tensors[0].name == "b");  // it has no mask
  CHECK(file.tensors[1].name == "w_compressed");
  const auto [numbers, values] = streams_of(file, "w_compressed");
  CHECK(numbers == std::vector<uint8_t>{2, 2, 5, 0, 2, 0, 4});
  // 1, 4, 5 and -10 are 0x3F800000, 0x40800000, 0x40A00000 and 0xC1200000.
  CHECK(values ==
        std::vector<uint8_t>{0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x80, 0xA0, 0x20, 0x3F, 0x40, 0x40, 0xC1});

  CHECK(io::stored_as(file, "w").bytes == std::ssize(file.tensors[1].bytes));
  CHECK(io::stored_as(file, "b").storage == Storage::dense);
  CHECK(io::stored_as(file, "b").bytes == 4);
  CHECK(io::stored_as(io::to_file(bag), "w").bytes == 42);
  CHECK(error_of([&] { (void)io::stored_as(file, "c"); }) == "safetensors: no parameter \"c\"");
}

TEST_CASE("io. values that repeat are stored once, with their indices in 4 bits or in 8") {
  for (const int64_t kinds : {1, 2, 16, 17, 256, 257}) {
    CAPTURE(kinds);
    const int64_t count = 4 * kinds + 1;
    Bag bag({{"w", zeros({count})}}), other({{"w", ones({count})}});
    bag[0].update([&](std::span<float> w) {
      for (size_t i = 0; i < w.size(); ++i)
        w[i] = -static_cast<float>(i % static_cast<size_t>(kinds));  // -0, too
    });
    bag[0].set_mask(Mask(Shape{count}));
    const auto file = io::to_file(bag, {.storage = Storage::compressed});
    const int64_t expected = kinds > 256 ? 4 * count : 4 * kinds + (kinds <= 16 ? (count + 1) / 2 : count);
    CHECK(std::ssize(streams_of(file, "w_compressed").values) == expected);
    io::load(other, file);
    CHECK(bits(other[0]) == bits(bag[0]));
  }
  for (const auto& [last, bytes] : {std::pair{3.0F, 14}, {4.0F, 16}}) {  // three of four are shared, four not
    Bag bag({{"w", tensor({1, 2, 3, last})}});
    bag[0].set_mask(Mask(Shape{4}));
    CHECK(std::ssize(streams_of(io::to_file(bag, {.storage = Storage::compressed}), "w_compressed").values) ==
          bytes);
  }
}

TEST_CASE("io. gaps of 255 and more take more bytes") {
  struct Case {
    std::vector<int64_t> alive;
    std::vector<uint8_t> gaps;
  };
  for (const auto& [alive, gaps] : std::vector<Case>{{{254}, {254}},
                                                     {{255}, {255, 0}},
                                                     {{256, 512}, {255, 1, 255, 0}},
                                                     {{}, {}},
                                                     {{0, 999}, {0, 255, 255, 255, 233}}}) {
    Bag bag = row_with(1000, alive), other({{"w", zeros({1, 1000})}});
    const auto file = io::to_file(bag, {.storage = Storage::compressed});
    std::vector<uint8_t> numbers{2, 1, 255, 255, 255, 235};
    numbers.insert(numbers.end(), gaps.begin(), gaps.end());
    CHECK(streams_of(file, "w_compressed").numbers == numbers);
    io::load(other, file);
    CHECK(other[0].mask() == bag[0].mask());
  }
}

TEST_CASE("io. the smallest form takes about the entropy of gaps and values") {
  Bag bag({{"half", randn({100, 100})}, {"tenth", randn({100, 100})}});
  bag[0].set_mask(random_mask({100, 100}, 0.5, 1));
  bag[1].set_mask(random_mask({100, 100}, 0.1, 2));
  const auto file = io::to_file(bag, {.storage = Storage::smallest});
  // Of random bits: one for each element, and 31 at most of each live value.
  CHECK(io::stored_as(file, "half").storage == Storage::compressed);
  CHECK(io::stored_as(file, "half").bytes < 10'000 / 8 + 5'100 * 31 / 8);
  CHECK(io::stored_as(file, "tenth").storage == Storage::compressed);
  CHECK(io::stored_as(file, "tenth").bytes < 4'400);
}

TEST_CASE("io. what has a NaN is stored dense, whatever form is asked for, and comes back bit by bit") {
  Bag bag({{"w", tensor({1, std::bit_cast<float>(0x7FC12345U), 0, 0})}}), other({{"w", ones({4})}});
  bag[0].set_mask(mask_of({4}, {1, 1, 0, 0}));
  const auto file = io::to_file(bag, {.storage = Storage::compressed});
  CHECK(io::stored_as(file, "w").storage == Storage::dense);
  CHECK(error_of([&] {
          io::load(other, file);
        }).ends_with(": tensor \"w\" has 1 values that are NaN, the first at element 1"));
  CHECK(other[0].to_vector() == std::vector<float>(4, 1));
  io::load(other, file, {.allow_nan = true});
  CHECK(bits(other[0]) == bits(bag[0]));
}

TEST_CASE("io. smaller shapes are adopted from every form, and larger ones refused") {
  for (const Storage storage : all_forms) {
    CAPTURE(storage_name(storage));
    Bag small({{"w", randn({3, 2, 5})}}), module({{"w", ones({4, 2, 6})}});
    small[0].set_mask(random_mask({3, 2, 5}, 0.3, 1));
    const auto file = io::to_file(small, {.storage = storage});
    io::load(module, file);
    CHECK(module[0].shape() == Shape{3, 2, 5});
    CHECK(bits(module[0]) == bits(small[0]));
    CHECK(module[0].mask() == small[0].mask());
    Bag narrow({{"w", ones({4, 1, 6})}});
    CHECK(error_of([&] { io::load(narrow, file); }).ends_with("(3, 2, 5), the module expects (4, 1, 6)"));
    CHECK(narrow[0].shape() == Shape{4, 1, 6});
  }
}

TEST_CASE("io. masks of nothing and of scalars, and parameters named like parts of others, in every form") {
  for (const Storage storage : all_forms) {
    const auto module = [] {
      return Bag({{"a", ones({})},
                  {"b", ones({})},
                  {"c", ones({3, 0})},
                  {"g", ones({2})},
                  {"g_mask", ones({1})},
                  {"g_compressed", ones({3})}});
    };
    Bag bag = module(), other = module();
    bag[0].set_mask(Mask(Shape{}, false));
    bag[1].set_mask(Mask(Shape{}, true));
    bag[2].set_mask(Mask(Shape{3, 0}, false));
    bag[5].set_mask(mask_of({3}, {0, 1, 0}));
    io::load(other, io::to_file(bag, {.storage = storage}));
    for (size_t i = 0; i < 6; ++i) {
      CHECK(bits(other[i]) == bits(bag[i]));
      CHECK(other[i].mask().defined() == bag[i].mask().defined());
      if (bag[i].mask().defined()) CHECK(other[i].mask() == bag[i].mask());
    }
  }
  Bag bag({{"g", ones({2})}, {"g_compressed", ones({2})}});
  bag[0].set_mask(mask_of({2}, {1, 0}));
  const TemporaryFolder folder;
  CHECK(error_of([&] {
          io::save(bag, folder / "x", {.storage = Storage::compressed});
        }).ends_with("the name \"g_compressed\" appears twice"));
}
