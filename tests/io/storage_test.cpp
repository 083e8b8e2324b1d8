// The forms in which a file holds a parameter with a mask, all behind one reader.
#include <algorithm>
#include <numeric>

#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>

#include "tests/io/bag.hpp"

using namespace tinynn;
using namespace io_fixtures;
using io::Dtype;
using io::Storage;

namespace {

constexpr Storage all_forms[] = {Storage::dense, Storage::bitmask, Storage::csr, Storage::smallest,
                                 Storage::codebook};

Mask random_mask(const Shape& shape, double density, uint64_t seed) {
  const RandomStream dice(seed, 7);
  Mask mask(shape);
  for (int64_t i = 0; i < shape.numel(); ++i)
    mask.set(i, static_cast<double>(dice.below(static_cast<uint64_t>(i), 1000)) < 1000 * density);
  return mask;
}

std::string file_bytes(nn::Module& module, Storage storage) {
  const TemporaryFolder folder;
  io::save(module, folder / "x", {}, storage);
  return read_file(folder / "x");
}

template <class T>
std::vector<T> elements_of(const io::SafetensorsFile& file, const std::string& name) {
  const auto& bytes = file.find(name)->bytes;
  std::vector<T> result(bytes.size() / sizeof(T));
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::byte*>(result.data()));
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
        const auto stored = io::stored_as(parse(written), "w");
        const bool may_differ =
            storage == Storage::smallest || storage == Storage::codebook;  // too many values
        if (!may_differ) CHECK(stored.storage == storage);
      }
      // The header is padded to a multiple of 8.
      CHECK(bytes[3] < std::min({bytes[0], bytes[1], bytes[2]}) + 8);
    }
  }
}

TEST_CASE("io. the bytes of the bit-mask form and of CSR") {
  Bag bag({{"w", tensor({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {2, 5})}, {"b", ones({1})}});
  bag[0].set_mask(mask_of({2, 5}, {1, 0, 0, 1, 1, 0, 0, 0, 0, 1}));
  const auto names = [](const io::SafetensorsFile& file) {
    std::vector<std::string> result;
    for (const auto& tensor : file.tensors) result.push_back(tensor.name);
    return result;
  };
  const auto bitmask = io::to_file(bag, {}, Storage::bitmask);
  CHECK(names(bitmask) == std::vector<std::string>{"w_shape", "w_values", "b", "w_mask"});
  CHECK(elements_of<int64_t>(bitmask, "w_shape") == std::vector<int64_t>{2, 5});
  CHECK(elements_of<uint8_t>(bitmask, "w_mask") == std::vector<uint8_t>{0b00011001, 0b00000010});
  CHECK(bitmask.tensor("w_values").to_vector() == std::vector<float>{1, 4, 5, 10});

  const auto csr = io::to_file(bag, {}, Storage::csr);
  CHECK(names(csr) == std::vector<std::string>{"w_shape", "w_values", "b", "w_row_counts", "w_column_gaps"});
  CHECK(elements_of<uint8_t>(csr, "w_row_counts") == std::vector<uint8_t>{3, 1});
  CHECK(elements_of<uint8_t>(csr, "w_column_gaps") == std::vector<uint8_t>{0, 2, 0, 4});
  CHECK(csr.tensor("w_values").to_vector() == std::vector<float>{1, 4, 5, 10});

  CHECK(io::stored_as(csr, "w").bytes == 16 + 16 + 2 + 4);
  CHECK(io::stored_as(csr, "b").storage == Storage::dense);  // it has no mask
  CHECK(io::stored_as(csr, "b").bytes == 4);
  CHECK(io::stored_as(io::to_file(bag), "w").bytes == 42);
  CHECK(error_of([&] { (void)io::stored_as(csr, "c"); }) == "safetensors: no parameter \"c\"");
}

TEST_CASE("io. gaps of 255 and more take more bytes, long rows wider counts") {
  struct Case {
    std::vector<int64_t> alive;
    std::vector<uint8_t> gaps;
  };
  for (const auto& [alive, gaps] : std::vector<Case>{{{254}, {254}},
                                                     {{255}, {255, 0}},
                                                     {{256, 512}, {255, 1, 255, 0}},
                                                     {{0, 999}, {0, 255, 255, 255, 233}}}) {
    Bag bag = row_with(1000, alive), other({{"w", zeros({1, 1000})}});
    const auto file = io::to_file(bag, {}, Storage::csr);
    CHECK(elements_of<uint8_t>(file, "w_column_gaps") == gaps);
    io::load(other, file);
    CHECK(other[0].mask() == bag[0].mask());
  }
  for (const auto& [count, dtype] : {std::pair{255, Dtype::u8}, std::pair{256, Dtype::u16},
                                     std::pair{65535, Dtype::u16}, std::pair{65536, Dtype::u32}}) {
    std::vector<int64_t> alive(static_cast<size_t>(count));
    std::iota(alive.begin(), alive.end(), 0);
    Bag bag = row_with(70'000, alive), other({{"w", zeros({1, 70'000})}});
    const auto file = io::to_file(bag, {}, Storage::csr);
    CHECK(file.find("w_row_counts")->dtype == dtype);
    io::load(other, file);
    CHECK(other[0].mask() == bag[0].mask());
  }
}

TEST_CASE("io. the smallest form follows from the density, for each parameter by itself") {
  Bag bag({{"full", randn({100, 100})},
           {"half", randn({100, 100})},
           {"tenth", randn({100, 100})},
           {"small", randn({4, 4})}});
  bag[0].set_mask(Mask(Shape{100, 100}, true));
  bag[1].set_mask(random_mask({100, 100}, 0.5, 1));
  bag[2].set_mask(random_mask({100, 100}, 0.1, 2));
  bag[3].set_mask(random_mask({4, 4}, 0.1, 3));  // the header's entries would outweigh it
  const auto file = io::to_file(bag, {}, Storage::smallest);
  CHECK(io::stored_as(file, "full").storage == Storage::dense);
  CHECK(io::stored_as(file, "half").storage == Storage::bitmask);
  CHECK(io::stored_as(file, "tenth").storage == Storage::csr);
  CHECK(io::stored_as(file, "small").storage == Storage::dense);
}

TEST_CASE("io. smaller shapes are adopted from every form, and larger ones refused") {
  for (const Storage storage : all_forms) {
    CAPTURE(storage_name(storage));
    Bag small({{"w", randn({3, 2, 5})}}), module({{"w", ones({4, 2, 6})}});
    small[0].set_mask(random_mask({3, 2, 5}, 0.3, 1));
    const auto file = io::to_file(small, {}, storage);
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
                  {"g_values", ones({1})},
                  {"g_shape", ones({3})}});
    };
    Bag bag = module(), other = module();
    bag[0].set_mask(Mask(Shape{}, false));
    bag[1].set_mask(Mask(Shape{}, true));
    bag[2].set_mask(Mask(Shape{3, 0}, false));
    bag[5].set_mask(mask_of({3}, {0, 1, 0}));
    io::load(other, io::to_file(bag, {}, storage));
    for (size_t i = 0; i < 6; ++i) {
      CHECK(bits(other[i]) == bits(bag[i]));
      CHECK(other[i].mask().defined() == bag[i].mask().defined());
      if (bag[i].mask().defined()) CHECK(other[i].mask() == bag[i].mask());
    }
  }
  Bag bag({{"g", ones({2})}, {"g_values", ones({2})}});
  bag[0].set_mask(mask_of({2}, {1, 0}));
  const TemporaryFolder folder;
  CHECK(error_of([&] {
          io::save(bag, folder / "x", {}, Storage::csr);
        }).ends_with("the name \"g_values\" appears twice"));
}
