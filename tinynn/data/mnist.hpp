// MNIST (LeCun et al. 1998) and Fashion-MNIST (Xiao et al. 2017): 60,000 training and 10,000 test images of
// 1 x 28 x 28 in ten classes, read from the four IDX files of the original distribution, raw or .gz.
// torchvision.datasets.MNIST, FashionMNIST.
#pragma once

#include <filesystem>

#include <tinynn/data/dataset.hpp>
#include <tinynn/data/split.hpp>

namespace tinynn::data {

struct MnistOptions {
  double mean = 0.1307, std = 0.3081;  // of the training images, in units of white = 1
};

/// Looks in the folder for "train-images-idx3-ubyte", "train-images.idx3-ubyte" and the same with ".gz" (for
/// the test images "t10k-images...", for labels "...-labels-idx1-ubyte"). Images of any size are taken, so
/// that look-alikes load too. Throws Error if a file is missing (naming every path tried) or damaged, if
/// images and labels differ in number, or if a label is above 9.
DatasetPtr mnist(const std::filesystem::path& folder, Split split, const MnistOptions& options = {});
/// The same files with other pictures in them.
DatasetPtr fashion_mnist(const std::filesystem::path& folder, Split split,
                         const MnistOptions& options = {.mean = 0.2860, .std = 0.3530});
/// Whether all four files, of both splits, are in the folder. Does not look into them.
bool has_mnist(const std::filesystem::path& folder);

}  // namespace tinynn::data
