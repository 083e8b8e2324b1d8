// What the tests of the io room share: a temporary folder, files as strings of bytes, and safetensors files
// made by hand.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/io/safetensors.hpp>

#include "tests/support/temporary_folder.hpp"

namespace io_fixtures {

namespace fs = std::filesystem;

using test::TemporaryFolder;

inline void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

inline std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The little-endian bytes of numbers.
template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// A safetensors file: the length of the header, the header, the data.
inline std::string file_of(const std::string& header, const std::string& data = "") {
  return bytes_of<uint64_t>({header.size()}) + header + data;
}

inline tinynn::io::SafetensorsFile parse(const std::string& bytes) {
  return tinynn::io::parse_safetensors(std::as_bytes(std::span(bytes)), "F");
}

/// The bits of every value, which tell -0.0 from 0.0 and one NaN from another.
inline std::vector<uint32_t> bits(const tinynn::Tensor& tensor) {
  std::vector<uint32_t> result;
  for (float value : tensor.values()) result.push_back(std::bit_cast<uint32_t>(value));
  return result;
}

/// These bytes with up to four changes, the same ones for the same number: bytes overwritten, put in, taken
/// out, a bit turned, the end cut off.
inline std::string damaged(std::string bytes, uint64_t number) {
  const std::string digits = "0123456789-.eE,:{}[]\"\\ \n";
  const tinynn::RandomStream dice(2024, number);
  const uint64_t changes = 1 + dice.below(0, 4);
  for (uint64_t change = 1; change <= changes && !bytes.empty(); ++change) {
    const size_t at = dice.below(4 * change, bytes.size());
    // Half of the new bytes mean something in JSON, so that not all changes die in the parser.
    const char byte = dice.below(4 * change + 1, 2) ? digits[dice.below(4 * change + 2, digits.size())]
                                                    : static_cast<char>(dice.below(4 * change + 2, 256));
    switch (dice.below(4 * change + 3, 5)) {
      case 0: bytes[at] = byte; break;
      case 1: bytes.insert(at, 1, byte); break;
      case 2: bytes.erase(at, 1); break;
      case 3: bytes.resize(at); break;
      default: bytes[at] = static_cast<char>(bytes[at] ^ (1 << dice.below(4 * change + 2, 8)));
    }
  }
  return bytes;
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

}  // namespace io_fixtures
