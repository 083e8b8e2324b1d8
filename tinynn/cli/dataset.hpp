// Data sets by name, as the command line knows them, and where they are looked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tinynn/data/dataset.hpp>
#include <tinynn/data/image_dataset.hpp>

namespace tinynn::cli {

struct DataSets {
  std::string name;  // "mnist", "fashion-mnist", "cifar10", or "custom" for a path
  data::DatasetPtr train, test;
};

/// What --data may be, and the names among that.
std::string data_help();
std::vector<std::string> data_names();

/// Opens a data set by name, in $TINYNN_DATA/NAME, datasets/NAME or where Debian's packages put it, or a
/// folder of IDX files by path. Throws Error, naming every place that was tried, if it is not there, and if
/// its images are not of the shape that the model takes.
DataSets open_dataset(const std::string& name_or_path, const std::optional<Shape>& wanted,
                      const std::string& model);

/// How pixels become what a network reads, in units of pixels: of 0 to 255. Throws Error if these images are
/// not made of such.
data::Normalization pixel_normalization(const DataSets& data);

}  // namespace tinynn::cli
