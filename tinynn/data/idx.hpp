// Reader of the IDX files in which MNIST and its relatives come, raw or compressed with gzip: a big-endian
// header (magic number, then the size of each dimension) followed by the bytes themselves.
// http://yann.lecun.com/exdb/mnist. The reader trusts nothing: it checks every size before it asks for
// memory, and never asks for much more than the file really holds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace tinynn::data {

struct IdxImages {
  int64_t count = 0, rows = 0, cols = 0;
  std::vector<uint8_t> pixels;  // (count, channels, rows, cols)
  int64_t channels = 1;
};

/// Images of three dimensions, (count, rows, cols), or of four, (count, channels, rows, cols). Both throw
/// Error, with one line that names the file, the field, what was found and what was expected, on: a file that
/// cannot be read, a wrong magic number, a size of zero rows or columns, more than 2^31 bytes, a file that is
/// too short or too long for its header, a damaged gzip stream.
IdxImages read_idx_images(const std::filesystem::path& file);
std::vector<uint8_t> read_idx_labels(const std::filesystem::path& file);

}  // namespace tinynn::data
