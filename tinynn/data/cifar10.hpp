// CIFAR-10 (Krizhevsky 2009): 50,000 training and 10,000 test images of 3 x 32 x 32 in ten classes
// (torchvision.datasets.CIFAR10). Read from the binary version, files of records of one label byte and 3072
// pixels (the planes red, green, blue), or from a folder of images.
#pragma once

#include <array>
#include <filesystem>

#include <tinynn/data/dataset.hpp>
#include <tinynn/data/split.hpp>

namespace tinynn::data {

struct Cifar10Options {
  // Of the training images, by channel, in units of white = 1.
  std::array<double, 3> mean{0.4914, 0.4822, 0.4465};
  std::array<double, 3> std{0.2470, 0.2435, 0.2616};
};

/// Reads data_batch_1.bin ... data_batch_5.bin (for the test images test_batch.bin) in the folder, or else
/// in cifar-10-batches-bin inside it. If none is there, the images folder/train/CLASS/*.jpg (for the test
/// images folder/test/...), as image_folder() does. Throws Error if neither is there (naming every path
/// tried), if one of the files is missing or not a whole number of records, or if a label is above 9.
DatasetPtr cifar10(const std::filesystem::path& folder, Split split, const Cifar10Options& options = {});
/// Whether the files of both splits, or the folders of images, are there. Does not look into them.
bool has_cifar10(const std::filesystem::path& folder);

}  // namespace tinynn::data
