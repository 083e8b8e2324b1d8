// open(): a data set from whatever people keep theirs in. What a path is, is found out from what is there:
//
//   auto [train, test, classes, normalization, scaling, columns, kind] = data::open("my_pictures");
//
//   pictures   a folder with train/CLASS/*.png and test/CLASS/*.png (or val/), or one with CLASS/*.png
//   idx        MNIST, Fashion-MNIST, KMNIST, EMNIST ("folder:letters" says which of its sets, if there are
//              several) and others like them: the names of the original files, torchvision's folders
//   cifar      the binary files of CIFAR-10 and CIFAR-100
//   csv        a file of rows, or a folder with train.csv and test.csv
//   npz        NumPy's x_train, y_train, x_test, y_test in one file
//
// Inputs are normalised by the mean and standard deviation of the training part.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tinynn/data/dataset.hpp>
#include <tinynn/data/image_dataset.hpp>
#include <tinynn/data/image_file.hpp>

namespace tinynn::data {

struct OpenOptions {
  std::optional<ImageSize> size = {};    // scales pictures to this; by default all must be of one size
  std::optional<int64_t> channels = {};  // 1: grey, 3: colour; by default as the pictures are
  Colour background = {};                // behind what is transparent in a picture
  double test_fraction = 0.2;  // set aside for testing where the data have no part of their own for it
  uint64_t seed = 1;           // of that choice
  std::string label =
      {};  // CSV: the column with the class: its name, "first" or "last"; by default found out
  std::string target = {};  // CSV: the column with the number to be predicted, in place of a class; of npz,
                            // not empty: integers are such numbers
  std::optional<Shape> shape = {};  // CSV, npz: of a row; with three sizes (c, h, w) it is a picture of bytes
  /// Those of the data that a network was trained on, in place of what would be measured and found here: of
  /// pictures the normalization, of anything else the scaling; and names of the classes by number.
  std::optional<Normalization> normalization = {};
  std::vector<std::string> classes = {};
};

struct Opened {
  DatasetPtr train, test;
  std::vector<std::string> classes;  // their names by number; empty where targets are numbers
  Normalization normalization;       // of pictures, by channel, in units of white = 1; else empty
  Normalization scaling;             // of anything else, by column, or by channel of a shape (c, ...)
  std::vector<std::string> columns;  // of CSV with a header: the names of the inputs
  std::string kind;                  // "pictures", "idx", "cifar10", "cifar100", "csv" or "npz"
};

/// Throws Error, with one line that names the file, the place in it, what was found and what was expected, if
/// it is nothing of the kind or damaged. Asks for no more memory than a constant times what is there.
Opened open(const std::filesystem::path& path, const OpenOptions& options = {});

/// Whether open() takes this path for a data set. Does not look into the files.
bool can_open(const std::filesystem::path& path);
/// What it takes, for a message.
std::string open_help();

/// The same samples with the classes numbered as in `known`. Throws Error if there is a sample of a class
/// that is not among them.
DatasetPtr with_classes(DatasetPtr dataset, const std::vector<std::string>& classes,
                        const std::vector<std::string>& known);

/// Two parts of the samples with these labels, each class divided as `fraction` says: the second part has
/// that much of it, at least one sample if there are two, and at most all but one. Ascending indices; the
/// same for the same seed.
std::pair<std::vector<int64_t>, std::vector<int64_t>> stratified_split(const std::vector<int64_t>& labels,
                                                                       double fraction, uint64_t seed);

}  // namespace tinynn::data
