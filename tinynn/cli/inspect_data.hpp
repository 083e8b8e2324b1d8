// What 'tinynn inspect --data' shows: a data set.
#pragma once

#include <filesystem>

#include <tinynn/cli/dataset.hpp>
#include <tinynn/cli/experiment.hpp>

namespace tinynn::cli {

struct InspectDataOptions {
  DataOptions data;
  std::filesystem::path contact_sheet;

  bool given() const { return !data.name_or_path.empty(); }
};

void add_inspect_data_options(const Command& command, InspectDataOptions& options);
/// Count, shape, classes, mean and standard deviation; the pictures as asked for.
void inspect_data(const InspectDataOptions& options, const Output& output);

}  // namespace tinynn::cli
