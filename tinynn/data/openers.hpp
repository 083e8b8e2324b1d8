// The rows of data::open()'s table: of each kind, whether a path is of it, and what is in it. Not for users
// of tinynn.
#pragma once

#include <filesystem>
#include <string>

#include <tinynn/data/open.hpp>

namespace tinynn::data::detail {

struct Source {
  std::filesystem::path path;
  std::string set = {};  // which of several in a folder, "letters" of "emnist:letters"

  std::string name() const { return path.string() + (set.empty() ? "" : ":" + set); }
};

bool is_npz(const std::filesystem::path& path);
Opened open_npz(const Source& source, const OpenOptions& options);

bool is_csv(const std::filesystem::path& path);
Opened open_csv(const Source& source, const OpenOptions& options);

bool is_idx(const std::filesystem::path& path);
Opened open_idx(const Source& source, const OpenOptions& options);

bool is_cifar10(const std::filesystem::path& path);
Opened open_cifar10(const Source& source, const OpenOptions& options);
bool is_cifar100(const std::filesystem::path& path);
Opened open_cifar100(const Source& source, const OpenOptions& options);

bool is_picture_folder(const std::filesystem::path& path);
Opened open_pictures(const Source& source, const OpenOptions& options);

/// What cannot be looked at is not there.
inline bool is_file(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}
inline bool is_folder(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

}  // namespace tinynn::data::detail
