// The formats of `tinynn export`, a row each.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include <tinynn/cli/saved_network.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/program/plan.hpp>
#include <tinynn/recipe/table.hpp>

namespace tinynn::cli {

struct ExportOptions : SavedOptions {
  std::string format, name = "network", quantize;
  bool raw_input = false;

  bool int8() const { return quantize == "int8"; }
  bool codebook() const { return !quantize.empty() && !int8(); }
};

/// One network on its way into a file, and what to tell the user of it.
struct Export {
  const ExportOptions& options;
  const std::filesystem::path& out;
  const LoadedModel& loaded;
  NetworkMetrics& metrics;
  Table& facts;
  std::string note = {};
};

/// The network as a plan, as the options want it: in eight bits, for pixels.
struct PreparedPlan {
  deploy::Plan plan;
  std::string data_path;         // of the data set that was needed, as the user named it
  std::optional<DataSets> data;  // none if none was
};
/// Where there are data, also measures the plan's accuracy, into the metrics and facts.
PreparedPlan prepare_plan(Export& to);

struct FormatRow : recipe::Row {
  /// Writes the file, whole or not at all. Throws Error for what the format cannot express.
  void (*write)(Export& to);
  bool has_bytes = false, has_codebook = false;  // --quantize int8, --quantize codebook:K
};
std::span<const FormatRow> export_formats();

/// Of the row "header".
void write_header(Export& to);

}  // namespace tinynn::cli
