#include <tinynn/core/error.hpp>
#include <tinynn/data/openers.hpp>

namespace tinynn::data {
namespace {

namespace fs = std::filesystem;
using detail::Source;

struct KindRow {
  const char* kind;
  const char* help;
  bool (*recognizes)(const fs::path&);
  Opened (*open)(const Source&, const OpenOptions&);
};

// The first that recognizes a path opens it; what has files of fixed names comes first.
constexpr KindRow kinds[]{
    {"npz", "a .npz file with x_train, y_train, x_test, y_test", detail::is_npz, detail::open_npz},
    {"csv", "a .csv or .tsv file, or a folder with train.csv and test.csv", detail::is_csv, detail::open_csv},
    {"idx", "a folder of IDX files as of MNIST or EMNIST", detail::is_idx, detail::open_idx},
    {"cifar10", "of CIFAR-10's", detail::is_cifar10, detail::open_cifar10},
    {"cifar100", "or CIFAR-100's binary files", detail::is_cifar100, detail::open_cifar100},
    {"pictures", "or of pictures, a folder for each class", detail::is_picture_folder, detail::open_pictures},
};

const KindRow* kind_of(const fs::path& path) {
  for (const KindRow& row : kinds)
    if (row.recognizes(path)) return &row;
  return nullptr;
}

// "folder:set" where there is no such path but a folder.
Source source_of(const fs::path& path) {
  const std::string text = path.string();
  const size_t colon = text.rfind(':');
  std::error_code error;
  if (fs::exists(path, error) || colon == std::string::npos || colon == 0) return {path};
  const fs::path folder = text.substr(0, colon);
  return detail::is_folder(folder) ? Source{folder, text.substr(colon + 1)} : Source{path};
}

}  // namespace

Opened open(const fs::path& path, const OpenOptions& options) {
  const Source source = source_of(path);
  std::error_code error;
  const bool is_there = fs::exists(source.path, error);
  check(!error, "cannot open ", path.string(), ": ", error.message());
  check(is_there, "no file or folder ", path.string());
  const KindRow* row = kind_of(source.path);
  check(row != nullptr, path.string(), " is no data set, expected ", open_help());
  check(source.set.empty() || row->open == detail::open_idx, path.string(),
        ": there are no sets of other names in ", source.path.string());
  const bool is_table = row->open == detail::open_csv;
  check(options.label.empty() || is_table, path.string(),
        ": a label's column is asked for, but this is no CSV: ", row->kind);
  check(options.target.empty() || is_table || row->open == detail::open_npz, path.string(),
        ": a target's column is asked for, but this is no CSV: ", row->kind);
  return row->open(source, options);
}

bool can_open(const fs::path& path) { return kind_of(source_of(path).path) != nullptr; }

std::string open_help() {
  std::string text;
  for (const KindRow& row : kinds) text += (text.empty() ? "" : ", ") + std::string(row.help);
  return text;
}

}  // namespace tinynn::data
