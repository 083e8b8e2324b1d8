// Data sets as the command line knows them: by name, and where those are looked for, or by path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tinynn/cli/command.hpp>
#include <tinynn/data/open.hpp>

namespace tinynn::cli {

/// As typed: what was not given is empty.
struct DataOptions {
  std::string name_or_path = {};
  std::optional<double> test_fraction = {};
  std::string size = {};  // of pictures: "32" or "HEIGHTxWIDTH"
  std::optional<int64_t> channels = {};
  std::string label = {}, target = {};
  std::string shape = {};  // of a row of numbers: "1,28,28"
  uint64_t seed = 1;       // of what is set aside for testing
  /// Of the data that a saved network was trained on: see data::OpenOptions.
  std::optional<data::Normalization> normalization = {};
  std::vector<std::string> classes = {};

  /// The options that say how data are to be read, as "name=value ", for a run that is resumed.
  std::string how() const;
  /// Sets them from such a text. Throws Error for what is none.
  void read_as(const std::string& how);
  /// Whether an option says how data are to be read.
  bool says_how() const {
    return test_fraction || !size.empty() || channels || !label.empty() || !target.empty() || !shape.empty();
  }
};

struct DataSets {
  std::string name;  // "mnist", "emnist:letters" ..., or "custom" for a path
  data::DatasetPtr train, test;
  std::vector<std::string> classes;   // their names by number; empty where targets are numbers
  data::Normalization normalization;  // of pictures, in units of white = 1; else empty
  data::Normalization scaling;        // of numbers, by column
  std::vector<std::string> columns;   // the names of those, if there are any
  std::string kind;                   // as data::Opened has it
  std::string augmentation = {};      // what such pictures are trained with unless somebody says otherwise
};

/// What --data may be, and the names among that.
std::string data_help();
std::vector<std::string> data_names();

/// --data.
Option add_data_option(const Command& command, DataOptions& options);
/// The options that say how it is read.
void add_reading_options(const Command& command, DataOptions& options);
/// Both.
Option add_data_options(const Command& command, DataOptions& options);

/// The same for data::open(), for a network that takes samples of this shape. Throws Error for what is none.
data::OpenOptions open_options(const DataOptions& options, const std::optional<Shape>& wanted);

/// Opens a data set by name, in $TINYNN_DATA/NAME, datasets/NAME or where Debian's packages put it, or what
/// is at a path. `wanted` is the shape of the samples that a network takes, if that is known: pictures become
/// grey or coloured as it wants them, rows of numbers pictures. Throws Error if it is not there (naming every
/// place that was tried), damaged, or not of this shape; `model` is the network's name, for that message.
DataSets open_dataset(const DataOptions& options, const std::optional<Shape>& wanted = {},
                      const std::string& model = "");

/// In units of pixels, of 0 to 255, what is in units of white = 1.
data::Normalization in_pixels(data::Normalization normalization);

}  // namespace tinynn::cli
