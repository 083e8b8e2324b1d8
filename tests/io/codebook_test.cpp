// Weights of few values in files: Huffman codes, and the form of storage that is made of them.
#include <cmath>
#include <set>

#include <doctest/doctest.h>

#include <tinynn/export/share_weights.hpp>
#include <tinynn/io/huffman.hpp>
#include <tinynn/prune/mask_rules.hpp>

#include "tests/io/bag.hpp"
#include "tests/support/draw.hpp"

using namespace tinynn;
using namespace io_fixtures;
using io::Storage;

TEST_CASE("io. Huffman codes of random symbols come back, within a bit of the entropy") {
  test::Draw draw(51);
  for (int trial = 0; trial < 60; ++trial) {
    CAPTURE(trial);
    const auto kinds = static_cast<size_t>(draw.between(1, 300));
    std::vector<int64_t> frequencies(kinds), symbols;
    const double skew = 1 + 3 * draw.fraction();
    for (int64_t i = draw.between(1, 3000); i > 0; --i) {
      symbols.push_back(static_cast<int64_t>(std::pow(draw.fraction(), skew) * static_cast<double>(kinds)));
      ++frequencies[static_cast<size_t>(symbols.back())];
    }
    const auto lengths = io::huffman_lengths(frequencies);
    const io::HuffmanEncoder encoder(lengths);
    io::BitWriter writer;
    for (const int64_t symbol : symbols) encoder.write(static_cast<size_t>(symbol), writer);
    const io::HuffmanDecoder decoder(lengths);
    io::BitReader reader(writer.bytes());
    for (const int64_t symbol : symbols) REQUIRE(decoder.read(reader) == symbol);
    CHECK(reader.is_at_end());
    const auto count = static_cast<double>(symbols.size());
    double entropy = 0;
    for (const int64_t f : frequencies) {
      if (f > 0) entropy -= static_cast<double>(f) / count * std::log2(static_cast<double>(f) / count);
    }
    CHECK(8 * static_cast<double>(writer.bytes().size()) <= (entropy + 1) * count + 8);
  }
}

TEST_CASE("io. lengths that are no code are refused") {
  CHECK_THROWS_WITH_AS(io::HuffmanDecoder(std::vector<uint8_t>{1, 1, 1}),
                       "huffman: more codes of up to 1 bits than there are", Error);
  CHECK_THROWS_WITH_AS(io::HuffmanDecoder(std::vector<uint8_t>{40}),
                       "huffman: a code of 40 bits, expected at most 31", Error);
  const io::HuffmanDecoder half(std::vector<uint8_t>{2});  // most codes are none
  const std::vector<std::byte> ones{std::byte{0xFF}};
  io::BitReader bits(ones);
  CHECK(half.read(bits) == -1);
}

TEST_CASE(
    "io. shared weights are stored as a codebook, which is the smallest form, and come back bit by bit") {
  test::Draw draw(52);
  const TemporaryFolder folder;
  for (const int64_t clusters : {1, 2, 16, 256}) {
    CAPTURE(clusters);
    Bag bag({{"w", draw.tensor({60, 500})}, {"b", draw.tensor({60})}});
    bag[0].prune(draw.mask({60, 500}, 0.06));
    deploy::share_weights(bag[0], clusters);
    io::save(bag, folder / "x", {}, Storage::smallest);
    const auto file = io::read_safetensors(folder / "x");
    const auto stored = io::stored_as(file, "w");
    CHECK(io::storage_name(stored.storage) == "codebook");
    // About 5.5 bits for a gap of 16 on average, log2 of the clusters or one for a value, and the tables.
    const double bits = static_cast<double>(bag[0].mask().count_alive()) * (7 + std::log2(clusters));
    CHECK(static_cast<double>(stored.bytes) <= bits / 8 + 300 + 5 * static_cast<double>(clusters));
    Bag again({{"w", ones({60, 500})}, {"b", ones({60})}});
    io::load(again, folder / "x");
    CHECK(again[0].to_vector() == bag[0].to_vector());
    CHECK(again[0].mask().count_alive() == bag[0].mask().count_alive());
    io::save(again, folder / "y", {}, Storage::smallest);
    CHECK(read_file(folder / "x") == read_file(folder / "y"));
  }
}

TEST_CASE("prune. shared weights have few values, near to what they were; zeros stay zero") {
  test::Draw draw(53);
  const Tensor value = draw.tensor({40, 50});
  double before = 1e9;
  for (const int64_t k : {1, 2, 4, 16, 64, 2000}) {
    CAPTURE(k);
    Parameter weight(value);
    weight.prune(draw.mask({40, 50}, 0.5));
    const Mask mask = weight.mask();
    const auto was = weight.to_vector();
    const double change = deploy::share_weights(weight, k);
    std::set<float> values;
    double squares = 0;
    for (int64_t i = 0; i < weight.numel(); ++i) {
      if (!mask[i]) {
        CHECK(weight.data()[i] == 0);
        continue;
      }
      values.insert(weight.data()[i]);
      squares += std::pow(static_cast<double>(weight.data()[i] - was[static_cast<size_t>(i)]), 2);
    }
    CHECK(static_cast<int64_t>(values.size()) <= k);
    CHECK(change ==
          doctest::Approx(std::sqrt(squares / static_cast<double>(mask.count_alive()))).epsilon(1e-3));
    CHECK(change < before);
    before = change;
  }
  Parameter weight(value);
  CHECK_THROWS_WITH_AS(deploy::share_weights(weight, 0), "share_weights: 0 clusters, expected at least 1",
                       Error);
}
