#include <cstdlib>
#include <filesystem>

#include <tinynn/cli/dataset.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/data/cifar10.hpp>
#include <tinynn/data/mnist.hpp>
#include <tinynn/data/transform.hpp>

namespace tinynn::cli {
namespace {

namespace fs = std::filesystem;

// `has` tells whether a folder holds all files: one with half a download, or an archive, is passed over.
fs::path find_folder(const std::string& name, bool (*has)(const fs::path&)) {
  std::vector<fs::path> candidates;
  if (const char* root = std::getenv("TINYNN_DATA"); root != nullptr && *root != '\0') {
    candidates.push_back(fs::path(root) / name);
  }
  for (const char* root : {"datasets", "/usr/share/datasets"}) candidates.push_back(fs::path(root) / name);
  std::string tried;
  for (const auto& folder : candidates) {
    if (has(folder)) return folder;
    tried += (tried.empty() ? "" : ", ") + folder.string();
  }
  fail("data set ", name, " not found; tried ", tried, ". Fetch it with datasets/fetch.sh ", name,
       name == "cifar10" ? ", unpack an archive of images with datasets/unpack.sh" : "",
       ", or set TINYNN_DATA to the folder that holds ", name, "/");
}

DataSets open_any(const std::string& name_or_path) {
  using data::Split;
  if (name_or_path == "mnist") {
    const auto folder = find_folder(name_or_path, data::has_mnist);
    return {name_or_path, data::mnist(folder, Split::train), data::mnist(folder, Split::test)};
  }
  if (name_or_path == "fashion-mnist") {
    const auto folder = find_folder(name_or_path, data::has_mnist);
    return {name_or_path, data::fashion_mnist(folder, Split::train),
            data::fashion_mnist(folder, Split::test)};
  }
  if (name_or_path == "cifar10") {
    const auto folder = find_folder(name_or_path, data::has_cifar10);
    // The augmentation of He et al. 2016, without which a network learns the training images by heart.
    const auto train =
        data::transformed(data::cifar10(folder, Split::train),
                          {data::random_crop(32, {.padding = 4}), data::random_horizontal_flip()});
    return {name_or_path, train, data::cifar10(folder, Split::test)};
  }
  std::error_code error;
  const bool is_folder = fs::is_directory(name_or_path, error);
  const bool is_missing = !error || error == std::errc::no_such_file_or_directory;
  check(is_folder, "unknown data set \"", name_or_path, "\"", is_missing ? "" : " (" + error.message() + ")",
        ", expected mnist, fashion-mnist, cifar10 or a folder of IDX files");
  return {"custom", data::mnist(name_or_path, Split::train), data::mnist(name_or_path, Split::test)};
}

// (1, 28, 28) as "1 x 28 x 28".
std::string size_text(const Shape& shape) {
  std::string text;
  for (const int64_t size : shape) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}

}  // namespace

std::vector<std::string> data_names() { return {"mnist", "fashion-mnist", "cifar10"}; }
std::string data_help() {
  return "mnist, fashion-mnist or cifar10, in $TINYNN_DATA, datasets/ or /usr/share/datasets; or a folder "
         "of IDX files";
}

DataSets open_dataset(const std::string& name_or_path, const std::optional<Shape>& wanted,
                      const std::string& model) {
  DataSets data = open_any(name_or_path);
  for (const auto& images : {data.train, data.test}) {
    check(!wanted || images->sample_shape() == *wanted, name_or_path, " has images of ",
          size_text(images->sample_shape()), ", ", model, " takes ", size_text(wanted.value_or(Shape())));
  }
  return data;
}

data::Normalization pixel_normalization(const DataSets& data) {
  const auto* images = dynamic_cast<const data::ImageDataset*>(data.test.get());
  check(images != nullptr, "--raw-input: images of ", data.name, " are no bytes that are normalised");
  auto normalization = images->normalization();
  for (auto* numbers : {&normalization.mean, &normalization.std}) {
    for (double& number : *numbers) number *= 255;
  }
  return normalization;
}

}  // namespace tinynn::cli
