// Every format that tinynn reads: files to start from, and a reader that either throws Error or makes sure
// that what it gave is valid. tinynn_hostile_files (hostile_files.cpp) damages the files, and libFuzzer
// (fuzz_target.cpp, run.sh) looks for more.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tests/fuzz/mutate.hpp"

namespace fuzz {

struct Format {
  std::string name;  // also of its folders of files
  std::vector<Bytes> files;
  std::function<Bytes(const Bytes& file, const Bytes& other, test::Draw& draw)> damage;
  std::function<void(const Bytes&)> read;
  /// The memory of the reader, all that is in use at one time, is at most this times the bytes of the file,
  /// and always_allowed. This is what bounds the memory of a hostile file.
  std::size_t memory_per_byte;
  std::string sources;  // the reader's files in tinynn/, whose coverage is of interest
  /// Its texts have words, words.dict.
  bool has_words = false;
};
constexpr std::size_t always_allowed = std::size_t{4} << 20;

/// Files of data, and those of runs, are written to the folder, for they are read from paths.
std::vector<Format> all_formats(const std::filesystem::path& folder);

/// What is wrong with how a format took a file: another exception than Error, a message of more than one
/// line, too much memory; empty if nothing is. `accepted` says whether it was read.
std::string complaint(const Format& format, const Bytes& file, bool& accepted);

/// Throws std::logic_error, which no reader may, if what was read is not as it has to be.
void require(bool holds, const char* what);
/// The error message of f(), or nothing.
std::string error_of(const std::function<void()>& f);

/// Damage to what is in an archive of few members, with checksums that are right, every other time.
Bytes damaged_zip(const Bytes& file, const Bytes& other, test::Draw& draw);

// What tests need for paths.
void put(const std::filesystem::path& path, const Bytes& bytes);
Bytes content(const std::filesystem::path& path);

// Rooms of the table.
std::vector<Format> network_formats(const std::filesystem::path& folder);  // safetensors and what is in them
std::vector<Format> graph_formats(const std::filesystem::path& folder);    // networks with graphs, or as text
std::vector<Format> run_formats(const std::filesystem::path& folder);      // checkpoints of runs, recipes
std::vector<Format> data_formats(const std::filesystem::path& folder);     // IDX, gzip, CIFAR, CSV, NumPy's
std::vector<Format> image_formats(const std::filesystem::path& folder);    // PNG, JPEG, BMP
std::vector<Format> option_formats();                                      // of the command, if that is built

}  // namespace fuzz
