// What a saved network says of the data that it was trained on: the names of the classes, and how inputs were
// normalised, so that every later command does the same.
//
//   tinynn.classes         the names, a line each; not there where they are 0, 1, 2, ...
//   tinynn.normalization   of pictures, "mean/std" by channel, in units of white = 1: "0.1307/0.3081"
//   tinynn.scaling         of numbers, the same by column
//   tinynn.reading         the options that said how to read the data: "target=price test-fraction=0.3 "
#pragma once

#include <tinynn/cli/dataset.hpp>
#include <tinynn/io/safetensors.hpp>

namespace tinynn::cli {

io::Metadata data_metadata(const DataSets& data, const DataOptions& options);
/// Puts what metadata say into options that do not. Throws Error for what is damaged.
void use_metadata(DataOptions& options, const io::Metadata& metadata);

}  // namespace tinynn::cli
