// The page that `tinynn reproduce --report` writes.
#pragma once

#include <string>
#include <vector>

#include <tinynn/cli/reproduce/results.hpp>

namespace tinynn::cli {

/// A table that was measured.
struct Reproduced {
  const ReproducedTable* table;
  std::vector<RowResult> rows;
};

/// A whole HTML document: each table with its curve, error over compression, and the published points in it.
std::string reproduce_page(const std::vector<Reproduced>& tables, const std::string& command);

}  // namespace tinynn::cli
