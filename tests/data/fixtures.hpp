// What the tests of the data room share: a temporary folder, and small files in the formats that are read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <zlib.h>

#include <tinynn/core/error.hpp>
#include <tinynn/data/dataset.hpp>

#include "tests/support/temporary_folder.hpp"

namespace fixtures {

namespace fs = std::filesystem;
using Bytes = std::vector<uint8_t>;

using test::TemporaryFolder;

inline void write_file(const fs::path& path, const Bytes& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

inline Bytes read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_gz(const fs::path& path, const Bytes& bytes) {
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

inline void append_big_endian(Bytes& bytes, uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<uint8_t>(number >> shift));
}

/// An IDX file: the magic number, the sizes, the contents.
inline Bytes idx(uint32_t magic, const std::vector<uint32_t>& sizes, const Bytes& contents) {
  Bytes bytes;
  append_big_endian(bytes, magic);
  for (const uint32_t size : sizes) append_big_endian(bytes, size);
  bytes.insert(bytes.end(), contents.begin(), contents.end());
  return bytes;
}

/// Pixels 0, 1, 2 ... (mod 251, so that no two rows or images repeat).
inline Bytes counting(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i % 251);
  return bytes;
}

inline Bytes idx_images(uint32_t count, uint32_t rows, uint32_t cols) {
  return idx(0x0803, {count, rows, cols}, counting(size_t{count} * rows * cols));
}

inline Bytes idx_labels(const Bytes& labels) {
  return idx(0x0801, {static_cast<uint32_t>(labels.size())}, labels);
}

/// The message of the tinynn::Error that f() throws; "no error" if it throws none.
template <class F>
std::string error_of(F&& f) {
  try {
    std::forward<F>(f)();
  } catch (const tinynn::Error& error) {
    return error.what();
  }
  return "no error";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Sample i as a vector, with the generator of a fixed stream, and its label.
inline std::pair<std::vector<float>, int64_t> sample(const tinynn::data::Dataset& dataset, int64_t i) {
  tinynn::data::Generator generator(tinynn::RandomStream(0, 0));
  std::vector<float> values(static_cast<size_t>(dataset.sample_shape().numel()));
  const int64_t label = dataset.get(i, generator, values.data());
  return {values, label};
}

}  // namespace fixtures
