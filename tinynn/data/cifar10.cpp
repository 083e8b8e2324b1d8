#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tinynn/core/error.hpp>
#include <tinynn/data/cifar10.hpp>
#include <tinynn/data/cifar_records.hpp>
#include <tinynn/data/image_folder.hpp>

namespace tinynn::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t cifar_classes = 10;

bool is_there(const fs::path& path) {
  std::error_code ignored;  // what cannot be looked at is not there
  return fs::exists(path, ignored);
}

// Where the binary version may be.
std::array<fs::path, 2> places(const fs::path& folder) { return {folder, folder / "cifar-10-batches-bin"}; }

std::vector<fs::path> binary_files(const fs::path& place, Split split) {
  if (split == Split::test) return {place / "test_batch.bin"};
  std::vector<fs::path> files;
  for (int i = 1; i <= 5; ++i) files.push_back(place / ("data_batch_" + std::to_string(i) + ".bin"));
  return files;
}

fs::path image_files(const fs::path& folder, Split split) {
  return folder / (split == Split::train ? "train" : "test");
}

DatasetPtr read_binary(const std::vector<fs::path>& files, const Normalization& normalization) {
  Images images{
      .channels = 3, .height = 32, .width = 32, .pixels = {}, .labels = {}, .classes = cifar_classes};
  for (const auto& file : files) detail::append_cifar_file(file, 1, images);
  return std::make_shared<ImageDataset>(std::move(images), normalization);
}

DatasetPtr read_images(const fs::path& folder, const Normalization& normalization) {
  auto dataset = image_folder(folder, {.mean = normalization.mean, .std = normalization.std});
  check(dataset->sample_shape() == Shape{3, 32, 32}, "cifar10: images in ", folder.string(), " are of shape ",
        dataset->sample_shape(), ", expected (3, 32, 32)");
  check(dataset->classes() == cifar_classes, "cifar10: ", dataset->classes(), " folders in ", folder.string(),
        ", expected ", cifar_classes, ", one for each class");
  return dataset;
}

}  // namespace

DatasetPtr cifar10(const fs::path& folder, Split split, const Cifar10Options& options) {
  const Normalization normalization{{options.mean.begin(), options.mean.end()},
                                    {options.std.begin(), options.std.end()}};
  std::string tried;
  for (const fs::path& place : places(folder)) {
    const auto files = binary_files(place, split);
    // One that is there means that the others should be, so that a missing one is an error of its own.
    if (std::ranges::any_of(files, is_there)) return read_binary(files, normalization);
    for (const fs::path& file : files) tried += file.string() + ", ";
  }
  const fs::path images = image_files(folder, split);
  check(is_there(images), "cifar10: no files; tried ", tried, images.string());
  return read_images(images, normalization);
}

bool has_cifar10(const fs::path& folder) {
  const auto has_split = [&](Split split) {
    return is_there(image_files(folder, split)) ||
           std::ranges::any_of(places(folder), [&](const auto& place) {
             return std::ranges::all_of(binary_files(place, split), is_there);
           });
  };
  return has_split(Split::train) && has_split(Split::test);
}

}  // namespace tinynn::data
