// The page that `tinynn sensitivity --report` writes.
#pragma once

#include <string>
#include <vector>

#include <tinynn/cli/table.hpp>
#include <tinynn/prune/sensitivity_scan.hpp>

namespace tinynn::cli {

struct SensitivityReport {
  std::string command, model, data;
  std::string pruned;  // what dies together: "weight" or "filter"
};

/// A whole HTML document: the scan as a picture and as this table.
std::string sensitivity_page(const SensitivityReport& report, const std::vector<prune::LayerScan>& scan,
                             const Table& table);

}  // namespace tinynn::cli
