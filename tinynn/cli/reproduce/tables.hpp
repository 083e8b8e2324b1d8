// The published tables that `tinynn reproduce` measures, as data: of each row what was published, and the
// commands of this very program that make it, so that anybody can run one by hand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tinynn/recipe/table.hpp>

namespace tinynn::cli {

struct Epochs {
  int64_t dense = 0, ramp = 0, finetune = 0;

  int64_t all() const { return dense + ramp + finetune; }
};

struct ReproducedRow {
  std::string network;
  std::string variant = {};  // what is special about it; empty for the row that is compared
  double compression = 1;    // dense over pruned: weights, multiply-adds or bits, as the table counts
  std::optional<double> published = {};       // test error, %
  std::optional<double> published_drop = {};  // error against that of the dense network, in points
  std::string source = {};
  /// "train ..." or "prune ...", without what is the same for all: data, seed, epochs and files. {dense} is
  /// the file of the table's first row, seed 1.
  std::string command = {};
  Epochs epochs = {};
  double seconds = 0;      // of one seed on one core, on the machine that benchmarks/RESULTS.md names
  int64_t codebook = 0;    // if not 0, weights of a layer share so many values in the end
  int64_t most_seeds = 1;  // variants are of one seed

  /// Whether it begins with the table's first row.
  bool is_from_dense() const { return command.find("{dense}") != std::string::npos; }
};

struct ReproducedTable : recipe::Row {
  std::string data;    // as for --data
  std::string counts;  // what compression is of
  std::string note;    // what differs from the papers' setting
  std::vector<ReproducedRow> rows = {};
};

const std::vector<ReproducedTable>& reproduced_tables();

/// The words of the command that makes a row, without its files and its seed; `quick`: a twentieth of the
/// epochs, at least one of each kind.
std::vector<std::string> words_of(const ReproducedTable& table, const ReproducedRow& row, bool quick);
Epochs epochs_of(const ReproducedRow& row, bool quick);

}  // namespace tinynn::cli
