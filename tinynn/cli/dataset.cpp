#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <tinynn/cli/dataset.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/data/cifar10.hpp>
#include <tinynn/data/image_folder.hpp>
#include <tinynn/data/mnist.hpp>
#include <tinynn/data/transform.hpp>

namespace tinynn::cli {
namespace {

namespace fs = std::filesystem;
using data::Split;

// A data set by name. `has` tells whether a folder holds all files: one with half a download, or an archive,
// is passed over.
struct NamedData {
  const char* name;
  bool (*has)(const fs::path&);
  /// Its own reader, with the constants that everybody normalises it by; none where they are measured.
  data::DatasetPtr (*read)(const fs::path&, Split, const data::Normalization&) = nullptr;
  data::Normalization normalization = {};
  std::vector<std::string> classes = {};
  bool is_fetched = false;    // by datasets/fetch.sh
  bool is_augmented = false;  // as He et al. 2016, without which a network learns such images by heart
  std::vector<std::string> sets = {};
};

data::DatasetPtr read_mnist(const fs::path& folder, Split split, const data::Normalization& by) {
  return data::mnist(folder, split, {.mean = by.mean[0], .std = by.std[0]});
}
data::DatasetPtr read_cifar10(const fs::path& folder, Split split, const data::Normalization& by) {
  return data::cifar10(
      folder, split,
      {.mean = {by.mean[0], by.mean[1], by.mean[2]}, .std = {by.std[0], by.std[1], by.std[2]}});
}

const std::vector<NamedData>& named_data() {
  constexpr data::Cifar10Options cifar;
  static const std::vector<NamedData> all{
      {.name = "mnist",
       .has = data::has_mnist,
       .read = read_mnist,
       .normalization = {{data::MnistOptions().mean}, {data::MnistOptions().std}},
       .classes = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
       .is_fetched = true},
      {.name = "fashion-mnist",
       .has = data::has_mnist,
       .read = read_mnist,
       .normalization = {{0.2860}, {0.3530}},
       .classes = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
                   "Ankle boot"},
       .is_fetched = true},
      {.name = "cifar10",
       .has = data::has_cifar10,
       .read = read_cifar10,
       .normalization = {{cifar.mean.begin(), cifar.mean.end()}, {cifar.std.begin(), cifar.std.end()}},
       .classes = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
       .is_fetched = true,
       .is_augmented = true},
      {.name = "cifar100", .has = data::can_open, .is_augmented = true},
      {.name = "kmnist", .has = data::can_open},
      {.name = "emnist",
       .has = data::can_open,
       .sets = {"balanced", "byclass", "bymerge", "digits", "letters", "mnist"}},
  };
  return all;
}

fs::path find_folder(const NamedData& named) {
  const std::string name = named.name;
  std::vector<fs::path> candidates;
  if (const char* root = std::getenv("TINYNN_DATA"); root != nullptr && *root != '\0') {
    candidates.push_back(fs::path(root) / name);
  }
  for (const char* root : {"datasets", "/usr/share/datasets"}) candidates.push_back(fs::path(root) / name);
  std::string tried;
  for (const auto& folder : candidates) {
    if (named.has(folder)) return folder;
    tried += (tried.empty() ? "" : ", ") + folder.string();
  }
  fail("data set ", name, " not found; tried ", tried, ". ",
       named.is_fetched
           ? "Fetch it with datasets/fetch.sh " + name +
                 (name == "cifar10" ? ", unpack an archive of images with datasets/unpack.sh" : "") +
                 ", or set"
           : "Put its files there, or set",
       " TINYNN_DATA to the folder that holds ", name, "/");
}

// By name with constants of its own, or anything else.
data::Opened open_known(const NamedData& named, const DataOptions& options) {
  const fs::path folder = find_folder(named);
  const data::Normalization by = options.normalization.value_or(named.normalization);
  const size_t channels = named.normalization.mean.size();
  check(by.mean.size() == channels && by.std.size() == channels, named.name, ": ", by.mean.size(),
        " means to normalise by, expected ", channels, ", one for each channel");
  data::Opened opened{.train = named.read(folder, Split::train, by),
                      .test = named.read(folder, Split::test, by),
                      .classes = named.classes,
                      .normalization = by,
                      .scaling = {},
                      .columns = {},
                      .kind = named.name};
  if (const auto* images = dynamic_cast<const data::ImageFolder*>(opened.train.get()))
    opened.classes = images->class_names();
  for (auto* part : {&opened.train, &opened.test})
    *part = data::with_classes(*part, opened.classes, options.classes);
  if (!options.classes.empty()) opened.classes = options.classes;
  return opened;
}

// The name and what stands behind a colon.
const NamedData* find_named(const std::string& name_or_path) {
  for (const NamedData& named : named_data()) {
    if (name_or_path == named.name) return &named;
    if (!named.sets.empty() && name_or_path.starts_with(named.name + std::string(":"))) return &named;
  }
  return nullptr;
}

data::Opened open_path(const DataOptions& options, const data::OpenOptions& reading) {
  const std::string& path = options.name_or_path;
  std::error_code error;
  const bool is_missing = !fs::exists(path, error) && !data::can_open(path);
  if (is_missing && error)
    fail("unknown data set \"", path, "\" (", error.message(), "), expected a name or a path");
  check(!is_missing, "unknown data set \"", path,
        "\", expected mnist, fashion-mnist, cifar10, cifar100, kmnist, emnist:SET or the path of pictures, "
        "IDX, "
        "CIFAR, CSV or .npz files");
  return data::open(path, reading);
}

// (1, 28, 28) as "1 x 28 x 28".
std::string size_text(const Shape& shape) {
  std::string text;
  for (const int64_t size : shape) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}

}  // namespace

std::vector<std::string> data_names() {
  std::vector<std::string> names;
  for (const NamedData& named : named_data()) {
    if (named.sets.empty()) names.emplace_back(named.name);
    for (const auto& set : named.sets) names.push_back(named.name + (":" + set));
  }
  return names;
}
std::string data_help() {
  return "mnist, fashion-mnist, cifar10, cifar100, kmnist or emnist:SET, in $TINYNN_DATA, datasets/ or "
         "/usr/share/datasets; or the path of pictures, IDX, CIFAR, CSV or .npz files (datasets/README.md)";
}

Option add_data_option(const Command& command, DataOptions& options) {
  return command.add("--data", options.name_or_path, data_help().c_str()).suggests(data_names());
}

namespace {

DataSets open_any(const DataOptions& options, const std::optional<Shape>& wanted) {
  const NamedData* named = find_named(options.name_or_path);
  const data::OpenOptions reading = open_options(options, wanted);
  check(named == nullptr || (options.label.empty() && options.target.empty() && options.shape.empty()),
        options.name_or_path, " is no CSV, --label, --target and --shape are for such");
  const bool as_it_is = options.size.empty() && !options.channels;
  data::Opened opened;
  if (named != nullptr && named->read != nullptr && as_it_is) {
    opened = open_known(*named, options);
  } else if (named != nullptr) {
    const std::string set = options.name_or_path.substr(std::string(named->name).size());
    opened = data::open(find_folder(*named).string() + set, reading);
    if (!named->classes.empty() && options.classes.empty()) {
      // Their numbers are names only where files have no better ones.
      for (size_t i = 0; i < std::min(opened.classes.size(), named->classes.size()); ++i)
        if (opened.classes[i] == std::to_string(i)) opened.classes[i] = named->classes[i];
    }
  } else {
    opened = open_path(options, reading);
  }
  std::string augmentation;
  if (named != nullptr && named->is_augmented)
    augmentation = "crop:" + std::to_string(opened.train->sample_shape()[1] / 8) + ",flip";
  return {.name = named != nullptr ? options.name_or_path : "custom",
          .train = std::move(opened.train),
          .test = std::move(opened.test),
          .classes = std::move(opened.classes),
          .normalization = std::move(opened.normalization),
          .scaling = std::move(opened.scaling),
          .columns = std::move(opened.columns),
          .kind = std::move(opened.kind),
          .augmentation = std::move(augmentation)};
}

}  // namespace

DataSets open_dataset(const DataOptions& options, const std::optional<Shape>& wanted,
                      const std::string& model) {
  DataSets data = open_any(options, wanted);
  const bool pictures = !data.normalization.mean.empty();
  for (const auto& part : {data.train, data.test}) {
    const Shape found = part->sample_shape();
    if (!wanted || found == *wanted) continue;
    const bool only_size = pictures && wanted->rank() == 3 && found[0] == (*wanted)[0];
    fail(options.name_or_path, " has ", pictures ? "images" : "samples", " of ", size_text(found), ", ",
         model, " takes ", size_text(*wanted),
         only_size ? "; --resize " + std::to_string((*wanted)[1]) + "x" + std::to_string((*wanted)[2]) +
                         " scales them"
                   : "");
  }
  return data;
}

data::Normalization in_pixels(data::Normalization normalization) {
  for (auto* numbers : {&normalization.mean, &normalization.std}) {
    for (double& number : *numbers) number *= 255;
  }
  return normalization;
}

}  // namespace tinynn::cli
