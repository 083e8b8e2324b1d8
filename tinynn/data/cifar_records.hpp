// The binary files of CIFAR-10 and CIFAR-100: records of label bytes and 3072 pixels, the planes red, green
// and blue. Not for users of tinynn.
#pragma once

#include <filesystem>

#include <tinynn/data/image_dataset.hpp>

namespace tinynn::data::detail {

constexpr int64_t cifar_side = 32, cifar_channels = 3;

/// Appends those of a file. The last of `label_bytes` counts. Throws Error if it is not a whole number of
/// records, at most 60,000, or has a label that is none of the images' classes.
void append_cifar_file(const std::filesystem::path& path, int label_bytes, Images& images);

}  // namespace tinynn::data::detail
