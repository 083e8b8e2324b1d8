// CIFAR's binary files, in the folder itself or in the one that the archive makes.
#include <fstream>

#include <tinynn/core/error.hpp>
#include <tinynn/core/fork.hpp>
#include <tinynn/data/cifar_records.hpp>
#include <tinynn/data/openers.hpp>
#include <tinynn/data/parts.hpp>
#include <tinynn/data/printable.hpp>

namespace tinynn::data {
namespace {

namespace fs = std::filesystem;

struct CifarSet {
  const char* folder;
  std::vector<const char*> train;
  const char* test;
  const char* names;  // a line for each class
  int label_bytes;
  int64_t classes;
};

const CifarSet& cifar10_set() {
  static const CifarSet set{
      "cifar-10-batches-bin",
      {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
      "test_batch.bin",
      "batches.meta.txt",
      1,
      10};
  return set;
}
const CifarSet& cifar100_set() {  // a coarse label, then the fine one
  static const CifarSet set{"cifar-100-binary", {"train.bin"}, "test.bin", "fine_label_names.txt", 2, 100};
  return set;
}
const tinynn::detail::MadeBeforeMain ten(cifar10_set), hundred(cifar100_set);

// Where the files are, or empty.
fs::path cifar_folder(const fs::path& path, const CifarSet& set) {
  for (const fs::path& place : {path, path / set.folder})
    if (detail::is_file(place / set.test) && detail::is_file(place / set.train[0])) return place;
  return {};
}

// Names of the classes, or their numbers.
std::vector<std::string> cifar_names(const fs::path& file, const CifarSet& set) {
  constexpr size_t longest = 100;
  std::ifstream lines(file);
  std::vector<std::string> names;
  for (std::string line; std::ssize(names) < set.classes && std::getline(lines, line);) {
    while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
    if (!line.empty()) names.push_back(printable(line, longest));
  }
  if (std::ssize(names) == set.classes) return names;
  names.clear();
  for (int64_t i = 0; i < set.classes; ++i) names.push_back(std::to_string(i));
  return names;
}

detail::Part read_cifar_part(const fs::path& folder, const std::vector<const char*>& files,
                             const CifarSet& set) {
  constexpr int64_t side = detail::cifar_side, channels = detail::cifar_channels;
  Images images{.channels = channels,
                .height = side,
                .width = side,
                .pixels = {},
                .labels = {},
                .classes = set.classes};
  for (const char* file : files) detail::append_cifar_file(folder / file, set.label_bytes, images);
  return {.shape = {channels, side, side},
          .pixels = std::move(images.pixels),
          .labels = std::move(images.labels)};
}

Opened open_cifar(const detail::Source& source, const OpenOptions& options, const CifarSet& set,
                  const char* kind) {
  const fs::path folder = cifar_folder(source.path, set);
  return detail::assemble(source.name(),
                          {.train = read_cifar_part(folder, set.train, set),
                           .test = read_cifar_part(folder, {set.test}, set),
                           .classes = cifar_names(folder / set.names, set)},
                          options, kind);
}

}  // namespace

bool detail::is_cifar10(const fs::path& path) { return !cifar_folder(path, cifar10_set()).empty(); }
bool detail::is_cifar100(const fs::path& path) { return !cifar_folder(path, cifar100_set()).empty(); }
Opened detail::open_cifar10(const Source& source, const OpenOptions& options) {
  return open_cifar(source, options, cifar10_set(), "cifar10");
}
Opened detail::open_cifar100(const Source& source, const OpenOptions& options) {
  return open_cifar(source, options, cifar100_set(), "cifar100");
}

}  // namespace tinynn::data
