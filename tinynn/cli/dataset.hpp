// Data sets by name, as the command line knows them, and where they are looked for.
#pragma once

#include <string>

#include <tinynn/data/dataset.hpp>
#include <tinynn/data/image_dataset.hpp>

namespace tinynn::cli {

struct DataSets {
  std::string name;  // "mnist", "fashion-mnist", "cifar10", or "custom" for a path
  data::DatasetPtr train, test;
};

/// Opens a data set by name, in $TINYNN_DATA/NAME or else datasets/NAME, or a folder of IDX files by path.
/// Throws Error, naming every place that was tried, if it is not there.
DataSets open_dataset(const std::string& name_or_path);

/// How pixels become what a network reads, in units of pixels: of 0 to 255. Throws Error if these images are
/// not made of such.
data::Normalization pixel_normalization(const DataSets& data);

}  // namespace tinynn::cli
