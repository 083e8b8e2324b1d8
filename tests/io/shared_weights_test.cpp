// Weights of few values: what files take for them, and how they are made.
#include <cmath>
#include <set>

#include <doctest/doctest.h>

#include <tinynn/export/share_weights.hpp>
#include <tinynn/prune/mask_rules.hpp>

#include "tests/io/bag.hpp"
#include "tests/support/draw.hpp"

using namespace tinynn;
using namespace io_fixtures;
using io::Storage;

TEST_CASE("io. shared weights take about their entropy in files, and come back bit by bit") {
  test::Draw draw(52);
  const TemporaryFolder folder;
  for (const int64_t clusters : {1, 2, 16, 256}) {
    CAPTURE(clusters);
    Bag bag({{"w", draw.tensor({60, 500})}, {"b", draw.tensor({60})}});
    bag[0].prune(draw.mask({60, 500}, 0.06));
    deploy::share_weights(bag[0], clusters);
    io::save(bag, folder / "x", {.storage = Storage::smallest});
    const auto file = io::read_safetensors(folder / "x");
    const auto stored = io::stored_as(file, "w");
    CHECK(io::storage_name(stored.storage) == "compressed");
    // About 5.5 bits for a gap of 16 on average, log2 of the clusters or one for a value, and the tables.
    const double bits = static_cast<double>(bag[0].mask().count_alive()) * (7 + std::log2(clusters));
    CHECK(static_cast<double>(stored.bytes) <= bits / 8 + 100 + 5 * static_cast<double>(clusters));
    Bag again({{"w", ones({60, 500})}, {"b", ones({60})}});
    io::load(again, folder / "x");
    CHECK(again[0].to_vector() == bag[0].to_vector());
    CHECK(again[0].mask().count_alive() == bag[0].mask().count_alive());
    io::save(again, folder / "y", {.storage = Storage::smallest});
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
      squares += std::pow(static_cast<double>(weight.data()[i] - was[i]), 2);
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
