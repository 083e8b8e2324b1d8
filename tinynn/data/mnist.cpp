#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <tinynn/core/error.hpp>
#include <tinynn/data/idx.hpp>
#include <tinynn/data/image_dataset.hpp>
#include <tinynn/data/mnist.hpp>

namespace tinynn::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t digit_classes = 10;

struct File {
  std::string stem;
  fs::path path;      // empty: it is not there
  std::string tried;  // all the paths that were, then
};

// The first of the four spellings of, say, "train-images" + "idx3-ubyte" that is there.
File find_file(const fs::path& folder, const std::string& stem, const char* suffix) {
  File file{.stem = stem, .path = {}, .tried = {}};
  for (const char* joint : {"-", "."}) {
    for (const char* compression : {"", ".gz"}) {
      const fs::path path = folder / (stem + joint + suffix + compression);
      std::error_code ignored;  // what cannot be looked at is not there
      if (file.path.empty() && fs::is_regular_file(path, ignored)) file.path = path;
      file.tried += (file.tried.empty() ? "" : ", ") + path.string();
    }
  }
  return file;
}

// The images and the labels.
std::array<File, 2> find_files(const fs::path& folder, Split split) {
  const std::string prefix = split == Split::train ? "train" : "t10k";
  return {find_file(folder, prefix + "-images", "idx3-ubyte"),
          find_file(folder, prefix + "-labels", "idx1-ubyte")};
}

DatasetPtr load(const char* dataset, const fs::path& folder, Split split, const MnistOptions& options) {
  const auto files = find_files(folder, split);
  for (const File& file : files)
    check(!file.path.empty(), dataset, ": no file with the ", file.stem, "; tried ", file.tried);
  const fs::path &images_path = files[0].path, &labels_path = files[1].path;
  auto images = read_idx_images(images_path);
  const auto labels = read_idx_labels(labels_path);
  check(std::cmp_equal(labels.size(), images.count), labels_path.string(), ": number of labels is ",
        labels.size(), ", expected ", images.count, ", the number of images in ", images_path.string());
  for (size_t i = 0; i < labels.size(); ++i) {
    check(labels[i] < digit_classes, labels_path.string(), ": label ", i, " is ", int{labels[i]},
          ", expected 0 to ", digit_classes - 1);
  }
  const auto channels = static_cast<size_t>(images.channels);
  const Normalization normalization{std::vector(channels, options.mean), std::vector(channels, options.std)};
  return std::make_shared<ImageDataset>(Images{.channels = images.channels,
                                               .height = images.rows,
                                               .width = images.cols,
                                               .pixels = std::move(images.pixels),
                                               .labels = {labels.begin(), labels.end()},
                                               .classes = digit_classes},
                                        normalization);
}

}  // namespace

DatasetPtr mnist(const fs::path& folder, Split split, const MnistOptions& options) {
  return load("mnist", folder, split, options);
}

DatasetPtr fashion_mnist(const fs::path& folder, Split split, const MnistOptions& options) {
  return load("fashion_mnist", folder, split, options);
}

bool has_mnist(const fs::path& folder) {
  const auto has = [&](Split split) {
    return std::ranges::none_of(find_files(folder, split),
                                [](const File& file) { return file.path.empty(); });
  };
  return has(Split::train) && has(Split::test);
}

}  // namespace tinynn::data
