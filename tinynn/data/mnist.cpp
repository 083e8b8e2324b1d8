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

// The first of the four spellings of, say, "train-images" + "idx3-ubyte" that is there.
fs::path find_file(const char* dataset, const fs::path& folder, const std::string& stem,
                   const std::string& suffix) {
  std::string tried;
  for (const char* joint : {"-", "."}) {
    for (const char* compression : {"", ".gz"}) {
      fs::path path = folder / (stem + joint + suffix + compression);
      std::error_code ignored;  // what cannot be looked at is not there
      if (fs::is_regular_file(path, ignored)) return path;
      tried += (tried.empty() ? "" : ", ") + path.string();
    }
  }
  fail(dataset, ": no file with the ", stem, "; tried ", tried);
}

DatasetPtr load(const char* dataset, const fs::path& folder, Split split, const MnistOptions& options) {
  const std::string prefix = split == Split::train ? "train" : "t10k";
  const auto images_path = find_file(dataset, folder, prefix + "-images", "idx3-ubyte");
  const auto labels_path = find_file(dataset, folder, prefix + "-labels", "idx1-ubyte");
  auto images = read_idx_images(images_path);
  const auto labels = read_idx_labels(labels_path);
  check(std::cmp_equal(labels.size(), images.count), labels_path.string(), ": number of labels is ",
        labels.size(), ", expected ", images.count, ", the number of images in ", images_path.string());
  for (size_t i = 0; i < labels.size(); ++i) {
    check(labels[i] < digit_classes, labels_path.string(), ": label ", i, " is ", int{labels[i]},
          ", expected 0 to ", digit_classes - 1);
  }
  return std::make_shared<ImageDataset>(Images{.channels = 1,
                                               .height = images.rows,
                                               .width = images.cols,
                                               .pixels = std::move(images.pixels),
                                               .labels = {labels.begin(), labels.end()},
                                               .classes = digit_classes},
                                        Normalization{{options.mean}, {options.sd}});
}

}  // namespace

DatasetPtr mnist(const fs::path& folder, Split split, const MnistOptions& options) {
  return load("mnist", folder, split, options);
}

DatasetPtr fashion_mnist(const fs::path& folder, Split split, const MnistOptions& options) {
  return load("fashion_mnist", folder, split, options);
}

}  // namespace tinynn::data
