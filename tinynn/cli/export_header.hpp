// `tinynn export --format header`: a saved network as one C++17 header.
#pragma once

#include <filesystem>
#include <string>

#include <tinynn/cli/experiment.hpp>

namespace tinynn::cli {

struct HeaderExport {
  std::filesystem::path in;
  std::string name = "network", data = {};
  bool int8 = false, raw_input = false;
};

/// Writes the header to output.file. Throws Error if the network cannot be expressed; nothing is written
/// then.
void export_header(const HeaderExport& options, const Output& output);

}  // namespace tinynn::cli
