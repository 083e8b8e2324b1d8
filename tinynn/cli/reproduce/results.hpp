// What `tinynn reproduce` measured, and where it keeps that: a folder with a few files for each seed of each
// row, so that the same command goes on where it was, and makes nothing twice.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tinynn/cli/reproduce/children.hpp>
#include <tinynn/cli/reproduce/tables.hpp>
#include <tinynn/cli/table.hpp>

namespace tinynn::cli {

struct TrialResult {
  double error;        // test error of the last weights, %
  double compression;  // as counted
  double seconds;      // of training
  int64_t epochs;
  std::vector<int64_t> live;  // weights by layer
};

/// One seed of one row.
struct Trial {
  size_t row;
  int64_t seed;
  std::filesystem::path stem;  // of its files' names
  ChildJob job;                // on any number of threads
  std::optional<TrialResult> result = {};
};

/// The trials of a table: in quick mode one seed of its rows that are no variants.
std::vector<Trial> trials_of(const ReproducedTable& table, int64_t seeds, bool quick,
                             const std::filesystem::path& folder);
/// Reads the trial's result, which stays empty if it has not been made yet, or by another command; what is
/// left of that is then removed.
void read_result(const ReproducedTable& table, Trial& trial);

struct RowResult {
  const ReproducedRow* row;
  std::vector<TrialResult> trials;

  double mean(double TrialResult::*what = &TrialResult::error) const;
  double standard_deviation() const;  // of the errors; 0 of one
};

/// As a table of text.
Table table_of(const ReproducedTable& table, const std::vector<RowResult>& rows);

}  // namespace tinynn::cli
