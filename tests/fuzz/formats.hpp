// Every format that tinynn reads: files to start from, and a reader that either throws Error or makes sure
// that what it gave is valid.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tests/fuzz/mutate.hpp"

namespace fuzz {

struct Format {
  std::string name;
  std::vector<Bytes> files;
  std::function<Bytes(const Bytes& file, const Bytes& other, test::Draw& draw)> damage;
  std::function<void(const Bytes&)> read;
  /// No piece of memory may be larger than this times the bytes of the file, and four megabytes.
  std::size_t memory_per_byte;
};

/// Of networks: safetensors, checkpoints in every form of storage, plans. Of data: IDX and CIFAR-10, both
/// also gzipped, PNG, JPEG and BMP. Files of data are written to the folder, for they are read from paths.
std::vector<Format> network_formats();
std::vector<Format> data_formats(const std::filesystem::path& folder);

/// Throws std::logic_error, which no reader may, if what was read is not as it has to be.
void require(bool holds, const char* what);

}  // namespace fuzz
